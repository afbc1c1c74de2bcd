package ai.spattention.kernel;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.spattention.InvalidInputException;
import ai.spattention.pattern.HeadMask;

/**
 * Dense causal attention through libtorch's own fused kernel (FlashAttention where the device has it): the baseline that
 * every sparse pattern is measured against, and the fastest way to compute a pattern that sees the whole past.
 */
public final class DenseKernel implements AttentionKernel {

    @Override
    public String name() {
        return "dense";
    }

    /**
     * Whether a layout sees the whole past in every head, so that this kernel computes it.
     *
     * @param layout the layout
     * @param numHeads H
     * @param length N
     * @return true for dense causal attention
     */
    public static boolean fits(AttentionLayout layout, int numHeads, int length) {
        for (HeadMask mask : layout.headMasks(numHeads, length)) {
            if (mask.bands().isEmpty() || mask.bands().get(0).minDistance() > 0
                    || mask.bands().get(0).maxDistance() < length) {
                return false;
            }
        }
        return true;
    }

    @Override
    public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            float dropout, boolean training) {
        AttentionShape shape = AttentionShape.of(queries, keys, values).with(documents);
        if (!fits(layout, shape.numHeads(), shape.keyLength()) || shape.queryLength() != shape.keyLength()) {
            throw new InvalidInputException("the dense kernel computes only attention to the whole past, without a cache"
                    + " (got pattern " + layout.pattern().patternName() + ", " + shape.queryLength() + " queries and "
                    + shape.keyLength() + " keys): choose another kernel, or auto");
        }
        try (NDManager scalars = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray rate = scalars.create(training ? dropout : 0f);
            return AttentionOperators.module().call("dense", training, queries, keys, values,
                    AttentionOperators.documents(documents, scalars), rate).singletonOrThrow();
        }
    }
}
