package ai.spattention.attention;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/**
 * Which attention weights one call drops: a forward and a backward pass that are given the same drop the same.
 *
 * @param rate the probability with which a weight is dropped, in [0, 1); 0 for no dropout
 * @param seed what chooses them, in [0, 2^53)
 */
public record AttentionDropout(float rate, long seed) {

    /** No dropout. */
    public static final AttentionDropout NONE = new AttentionDropout(0, 0);

    /** A kernel draws a whole number below it for each weight. */
    static final int NUMBERS = 1 << 16;

    private static final long SEEDS = 1L << 53; // a double holds them: so they travel through an operator of libtorch's

    /**
     * Draws the seed of a call by libtorch's generator on the CPU: {@code Engine.setRandomSeed} makes it repeat itself.
     *
     * @param rate the probability with which a weight is dropped, in [0, 1)
     * @return the dropout of one call; nothing is drawn for a rate of 0
     */
    public static AttentionDropout draw(float rate) {
        if (rate == 0) {
            return NONE;
        }
        try (NDManager host = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            return new AttentionDropout(rate, host.randomInteger(0, SEEDS, new Shape(1), DataType.INT64).getLong(0));
        }
    }

    /**
     * How many of all {@value #NUMBERS} numbers that a kernel may draw for a weight keep it.
     *
     * @return the rate's nearest, at least 1
     */
    public int kept() {
        return (int) Math.max(1, Math.round((1.0 - rate) * NUMBERS));
    }
}
