package ai.spattention.olmoe.moe;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.spattention.grouped.ExpertRows;
import ai.spattention.row.RowKernels;
import ai.spattention.segment.ExplicitPart;
import ai.spattention.torch.Scopes;

/**
 * The experts by grouped products on a GPU: tokens' rows copied into the experts' order, all experts in one launch a product, and
 * nothing waits for the device. Keeps the gate and up projections' results for its backward pass, as {@link ExpertsPart}.
 *
 * <p>Inputs: hidden states [T, D] in bfloat16, weights [T, K], gate and up matrices [E, 2 I, D], down matrices [E, D, I]. Output:
 * [T, D].
 */
final class GroupedExpertsPart implements ExplicitPart {

    private final NDArray chosen;

    /**
     * Creates the part.
     *
     * @param chosen the tokens' experts, [T, K], int64; not used any more after the forward pass
     */
    GroupedExpertsPart(NDArray chosen) {
        this.chosen = chosen;
    }

    @Override
    public Forward forward(NDList inputs) {
        NDArray hidden = inputs.get(0);
        NDArray weights = inputs.get(1);
        try (NDManager scope = Scopes.over(hidden, weights, chosen)) {
            ExpertRows rows = ExpertRows.of(chosen, inputs.get(2).getShape().get(0));
            NDArray rowWeights = rows.rowWeights(weights);
            NDArray both = rows.times(rows.spread(hidden), ExpertRows.like(hidden, inputs.get(2)), true);
            NDArray inner = RowKernels.gateForward(both, rowWeights);
            NDArray outputs = rows.times(inner, ExpertRows.like(hidden, inputs.get(3)), true);
            NDArray result = rows.sumSlots(outputs, chosen.getShape().get(1));
            NDList kept = rows.toList().addAll(new NDList(both, rowWeights));
            scope.ret(new NDList(result).addAll(kept));
            return new Forward(new NDList(result), kept);
        }
    }

    @Override
    public NDArray[] backward(NDList inputs, NDList kept, NDArray[] gradients) {
        NDArray hidden = inputs.get(0);
        NDArray weights = inputs.get(1);
        NDArray both = kept.get(4);
        NDArray rowWeights = kept.get(5);
        try (NDManager scope = Scopes.over(hidden, weights, both, rowWeights, gradients[0], kept.get(0))) {
            ExpertRows rows = ExpertRows.of(kept);
            NDArray gradient = rows.spread(ExpertRows.like(hidden, gradients[0]));
            NDArray innerGradient = rows.times(gradient, ExpertRows.like(hidden, inputs.get(3)), false);
            NDList gate = RowKernels.gateBackward(both, rowWeights, innerGradient);
            NDArray bothGradient = gate.get(1);
            NDArray down = rows.outer(gradient, gate.get(0));
            NDArray gateUp = rows.outer(bothGradient, rows.spread(hidden));
            NDArray hiddenRows = rows.times(bothGradient, ExpertRows.like(hidden, inputs.get(2)), false);
            NDList results = new NDList(rows.sumSlots(hiddenRows, weights.getShape().get(1)),
                    rows.weightGradients(gate.get(2), weights), gateUp, down);
            return scope.ret(results).toArray(new NDArray[0]);
        }
    }

    @Override
    public NDList differentiable(NDList inputs) {
        return new ExpertsPart(chosen).differentiable(inputs);
    }
}
