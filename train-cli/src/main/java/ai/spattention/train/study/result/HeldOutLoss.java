package ai.spattention.train.study.result;

import ai.spattention.eval.measure.Moments;
import ai.spattention.eval.measure.WindowMeans;

/**
 * A finished model's loss on a text that it has not seen.
 *
 * @param nats the losses of the tokens, in nats
 * @param bytes how many bytes of UTF-8 those tokens stand for
 * @param windows the same losses by window
 */
public record HeldOutLoss(Moments nats, long bytes, WindowMeans windows) {

    /**
     * Checks that there is something.
     *
     * @throws IllegalArgumentException if there is no token or no byte, or a loss is not finite
     */
    public HeldOutLoss {
        if (nats.isEmpty() || bytes < 1) {
            throw new IllegalArgumentException("a loss needs at least one token and one byte (got " + nats.n() + " and " + bytes + ")");
        }
        if (!nats.isFinite() || !windows.isFinite()) {
            throw new IllegalArgumentException("a loss is not a finite number: the model has diverged");
        }
    }

    /**
     * The mean loss of a token.
     *
     * @return nats a token
     */
    public double natsPerToken() {
        return nats.mean();
    }

    /**
     * The loss without the tokenizer's share in it.
     *
     * @return bits a byte, Σ nats / (ln 2 · bytes)
     */
    public double bitsPerByte() {
        return nats.sum() / Math.log(2) / bytes;
    }
}
