package ai.spattention.train.metrics;

import java.util.OptionalDouble;

/**
 * The loss on a set of held-out text.
 *
 * @param natsPerToken the mean negative log-likelihood of a token; NaN if it was not finite
 * @param bitsPerByte the same in bits a byte of text in UTF-8, by the whole set's bytes a token; empty where these are not known
 */
public record HeldOutLoss(double natsPerToken, OptionalDouble bitsPerByte) {

    /** The name of the set that has none of its own. */
    public static final String UNNAMED = "validation";

    /**
     * A loss with what is known of the set's bytes.
     *
     * @param natsPerToken the mean negative log-likelihood of a token
     * @param bytesPerToken the set's bytes a token, above 0; empty where they are not known
     * @return the loss
     */
    public static HeldOutLoss of(double natsPerToken, OptionalDouble bytesPerToken) {
        return new HeldOutLoss(natsPerToken, bytesPerToken.isEmpty() ? OptionalDouble.empty()
                : OptionalDouble.of(natsPerToken / bytesPerToken.getAsDouble() / Math.log(2)));
    }
}
