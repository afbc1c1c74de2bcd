package ai.spattention.olmoe.loss;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.row.RowKernels;
import ai.spattention.segment.ExplicitPart;

/**
 * The output embedding and the mean cross-entropy as one part, in slices of tokens: the logits [T, V] never exist at once. Since
 * a loss is where the backward pass begins, the gradients are made in the forward pass and scaled by what arrives.
 *
 * <p>Inputs: normalised hidden states [B, N, D], the output embedding [V, D]. Output: the loss, a scalar, as
 * {@link LanguageModelLoss#ofTargets}.
 */
public final class HeadLoss implements ExplicitPart {

    /** Logits of a slice, at most: 1 GiB in float32. */
    public static final long LOGITS_OF_A_SLICE = 1L << 28;

    private final NDArray targets;

    /**
     * Creates the part.
     *
     * @param targets [B, N], int64; {@link LanguageModelLoss#NO_TARGET} where there is none; not used after the forward pass
     */
    public HeadLoss(NDArray targets) {
        this.targets = targets;
    }

    /**
     * The logits themselves, in the hidden states' type.
     *
     * @param hidden [..., D]
     * @param weight [V, D]
     * @return [..., V], attached to the hidden states' manager
     */
    public static NDArray logits(NDArray hidden, NDArray weight) {
        return LossOperators.module().call("logits", true, hidden, weight).singletonOrThrow();
    }

    @Override
    public Forward forward(NDList inputs) {
        return forward(inputs, (int) Math.max(1, LOGITS_OF_A_SLICE / inputs.get(1).getShape().get(0)));
    }

    Forward forward(NDList inputs, int sliceTokens) {
        Shape shape = inputs.get(0).getShape();
        try (NDManager scalars = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                NDArray rows = inputs.get(0).reshape(-1, shape.get(shape.dimension() - 1));
                NDArray flat = targets.reshape(-1)) {
            NDArray weight = inputs.get(1);
            NDList results = RowKernels.servesCrossEntropy(rows, weight.getShape().get(0))
                    ? KernelHeadLoss.of(rows, weight, flat, sliceTokens)
                    : byEngine(scalars, rows, weight, flat, sliceTokens);
            return new Forward(results.subNDList(0, 1), results.subNDList(1));
        }
    }

    static NDList byEngine(NDManager scalars, NDArray rows, NDArray weight, NDArray targets, int sliceTokens) {
        return LossOperators.module().call("head_loss", true, rows, weight, targets, scalars.create(new long[] {sliceTokens, 1}));
    }

    @Override
    public NDArray[] backward(NDList inputs, NDList kept, NDArray[] gradients) {
        NDArray hidden = kept.get(0).reshape(inputs.get(0).getShape());
        return new NDArray[] {hidden.muli(gradients[0]), kept.get(1).muli(gradients[0])};
    }

    @Override
    public NDList differentiable(NDList inputs) {
        try (NDArray logits = logits(inputs.get(0), inputs.get(1))) {
            return new NDList(LanguageModelLoss.ofTargets(logits, targets));
        }
    }
}
