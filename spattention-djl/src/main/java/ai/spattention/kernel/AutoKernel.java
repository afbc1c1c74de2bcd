package ai.spattention.kernel;

import ai.djl.ndarray.NDArray;

/** Takes, call by call, the fastest kernel that fits. */
public final class AutoKernel implements AttentionKernel {

    private static final AttentionKernel MASKED = new MaskedKernel();

    @Override
    public String name() {
        return "auto";
    }

    @Override
    public NDArray attend(NDArray queries, NDArray keys, NDArray values, AttentionLayout layout, float dropout,
            boolean training) {
        return MASKED.attend(queries, keys, values, layout, dropout, training);
    }
}
