package ai.spattention.kernel;

import ai.djl.ndarray.NDArray;

/**
 * Takes, call by call, the fastest kernel that fits: the one place that chooses.
 *
 * <p>Layers that share an instance share its plans, so a model gives all its layers the same one.
 */
public final class AutoKernel implements AttentionKernel {

    /** Below so many scores a head, the bookkeeping of tiles costs more than the scores that it saves (measured on a CPU). */
    private static final long FEW_SCORES = 192 * 192;

    private final AttentionKernel masked = new MaskedKernel();
    private final AttentionKernel dense = new DenseKernel();
    private final AttentionKernel tiled = new TiledKernel();

    /**
     * A kernel and why it was taken.
     *
     * @param kernel the kernel
     * @param reason the reason, for people
     */
    public record Choice(AttentionKernel kernel, String reason) {}

    @Override
    public String name() {
        return "auto";
    }

    /**
     * Chooses the kernel for a call.
     *
     * @param layout the pattern and its layout length
     * @param numHeads H
     * @param queryLength N
     * @param keyLength M
     * @return the kernel that {@link #attend} would use
     */
    public Choice choose(AttentionLayout layout, int numHeads, int queryLength, int keyLength) {
        if (queryLength == keyLength && DenseKernel.fits(layout, numHeads, keyLength)) {
            return new Choice(dense, "every head sees the whole past: libtorch's fused dense attention");
        }
        if ((long) queryLength * keyLength < FEW_SCORES) {
            return new Choice(masked, "few scores a head: computing all of them costs less than planning tiles");
        }
        return new Choice(tiled, "only the tiles that the pattern allows");
    }

    @Override
    public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            float dropout, boolean training) {
        AttentionShape shape = AttentionShape.of(queries, keys, values).with(documents);
        return choose(layout, shape.numHeads(), shape.queryLength(), shape.keyLength()).kernel()
                .attend(queries, keys, values, documents, layout, dropout, training);
    }
}
