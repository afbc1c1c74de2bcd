package ai.spattention.olmoe.generate;

import ai.spattention.common.InvalidInputException;
import java.util.Set;

/**
 * How sequences are continued.
 *
 * @param sampling how the next token is drawn
 * @param maxNewTokens how many tokens are drawn at most, at least 1
 * @param maxLength how many tokens a sequence has at most, prompt and new ones together, at least 1, or {@link #ANY_LENGTH}
 * @param endTokens the ids that end a sequence, none or more
 */
public record GenerationOptions(Sampling sampling, int maxNewTokens, int maxLength, Set<Long> endTokens) {

    /** The number of new tokens where none is asked for. */
    public static final int DEFAULT_MAX_NEW_TOKENS = 128;

    /** A length that the model alone limits. */
    public static final int ANY_LENGTH = Integer.MAX_VALUE;

    /** Checks the ranges. */
    public GenerationOptions {
        if (maxNewTokens < 1 || maxLength < 1) {
            throw new InvalidInputException("the number of new tokens must be at least 1 (got " + Math.min(maxNewTokens, maxLength)
                    + ")");
        }
        endTokens = Set.copyOf(endTokens);
    }
}
