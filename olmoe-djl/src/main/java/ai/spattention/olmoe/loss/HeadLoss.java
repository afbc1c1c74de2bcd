package ai.spattention.olmoe.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.segment.ExplicitPart;
import ai.spattention.torch.Scopes;
import ai.spattention.torch.TorchScriptModule;

/**
 * The output embedding and the mean cross-entropy as one part, in slices of tokens: the logits [T, V] never exist at once. Since
 * a loss is where the backward pass begins, the gradients are made in the forward pass and scaled by what arrives.
 *
 * <p>Inputs: normalised hidden states [B, N, C], the output embedding [V, C]. Output: the loss, a scalar, as
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
     * @param hidden [..., C]
     * @param weight [V, C]
     * @return [..., V], attached to the hidden states' manager
     */
    public static NDArray logits(NDArray hidden, NDArray weight) {
        return LossOperators.module().call("logits", hidden, weight).singletonOrThrow();
    }

    @Override
    public Forward forward(NDList inputs) {
        return forward(inputs, (int) Math.max(1, LOGITS_OF_A_SLICE / inputs.get(1).getShape().get(0)));
    }

    Forward forward(NDList inputs, int sliceTokens) {
        Shape shape = inputs.get(0).getShape();
        NDArray weight = inputs.get(1);
        LanguageModelLoss.requireTargets(targets, shape);
        try (NDArray hidden = inputs.get(0).reshape(-1, shape.get(shape.dimension() - 1));
                NDArray flat = targets.reshape(-1)) {
            NDList results = slices(hidden, weight, flat, sliceTokens, SliceLoss.of(hidden, weight.getShape().get(0)));
            return new Forward(results.subNDList(0, 1), results.subNDList(1));
        }
    }

    /** The loss, the gradients of hidden [T, C] and weight [V, C]. */
    static NDList slices(NDArray hidden, NDArray weight, NDArray targets, int sliceTokens, SliceLoss slice) {
        TorchScriptModule module = LossOperators.module();
        try (NDManager scope = Scopes.over(hidden, weight, targets)) {
            NDList shared = module.call("head_begin", hidden, weight, targets);
            NDArray matrix = shared.get(0);
            NDArray count = shared.get(1);
            NDArray losses = shared.get(2);
            NDArray hiddenGradient = shared.get(3);
            NDArray weightGradient = shared.get(4);
            long all = hidden.getShape().get(0);
            for (long first = 0; first < all; first += sliceTokens) {
                long end = Math.min(first + sliceTokens, all);
                try (NDArray logits = module.call("head_logits", hidden, matrix, first, end).singletonOrThrow();
                        NDArray gradient = slice.gradient(logits, targets, losses, count, first, end)) {
                    module.call("head_gradients", gradient, hidden, matrix, hiddenGradient, weightGradient, first, end).close();
                }
            }
            NDArray loss = module.call("head_mean", losses, count).singletonOrThrow();
            return scope.ret(new NDList(loss, hiddenGradient, weightGradient));
        }
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
