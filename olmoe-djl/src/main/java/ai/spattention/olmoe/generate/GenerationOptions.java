package ai.spattention.olmoe.generate;

import ai.spattention.InvalidInputException;
import java.util.Set;

/**
 * How sequences are continued.
 *
 * @param sampling how the next token is drawn
 * @param maxNewTokens how many tokens are drawn at most, at least 1
 * @param endTokens the ids that end a sequence, none or more
 */
public record GenerationOptions(Sampling sampling, int maxNewTokens, Set<Long> endTokens) {

    /** The number of new tokens where none is asked for. */
    public static final int DEFAULT_MAX_NEW_TOKENS = 128;

    /** Checks the range. */
    public GenerationOptions {
        if (maxNewTokens < 1) {
            throw new InvalidInputException("the number of new tokens must be at least 1 (got " + maxNewTokens + ")");
        }
        endTokens = Set.copyOf(endTokens);
    }
}
