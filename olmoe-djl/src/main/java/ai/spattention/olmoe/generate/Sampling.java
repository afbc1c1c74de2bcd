package ai.spattention.olmoe.generate;

import ai.spattention.common.InvalidInputException;

/**
 * How the next token is drawn.
 *
 * @param temperature what the logits are divided by, at least 0; 0 takes the likeliest token always
 * @param topK how many of the likeliest tokens stay, at least 0; 0 keeps all
 * @param topP the probability that the tokens kept must reach together, in (0, 1]; the likeliest stay; 1 keeps all
 * @param seed the seed of the random numbers
 */
public record Sampling(double temperature, int topK, double topP, long seed) {

    /** The likeliest token, always. */
    public static final Sampling GREEDY = new Sampling(0, 0, 1, 0);

    /** Checks the ranges. */
    public Sampling {
        if (!(temperature >= 0) || Double.isInfinite(temperature)) {
            throw new InvalidInputException("the temperature must be at least 0 (got " + temperature + ")");
        }
        if (topK < 0) {
            throw new InvalidInputException("top-k must be at least 0, where 0 keeps every token (got " + topK + ")");
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new InvalidInputException("top-p must lie in (0, 1], where 1 keeps every token (got " + topP + ")");
        }
    }
}
