package ai.spattention.olmoe.moe;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.spattention.segment.ExplicitPart;
import ai.spattention.torch.Scopes;
import ai.spattention.torch.TorchScriptModule;

/**
 * The experts with a backward pass of their own: of the forward pass it keeps the gate and up projections' results alone, and
 * weighs the rows before the last product, so that the results need not be kept for the weights' gradient.
 *
 * <p>Inputs: hidden states [T, C], weights [T, K], gate and up matrices [E, 2 I, C], down matrices [E, C, I]. Output: [T, C].
 */
final class ExpertsPart implements ExplicitPart {

    private final NDArray chosen;

    /**
     * Creates the part.
     *
     * @param chosen the tokens' experts, [T, K], int64; not used any more after the forward pass
     */
    ExpertsPart(NDArray chosen) {
        this.chosen = chosen;
    }

    @Override
    public Forward forward(NDList inputs) {
        TorchScriptModule operators = ExpertOperators.module();
        NDArray hidden = inputs.get(0);
        try (NDManager scope = Scopes.over(hidden, chosen)) {
            NDList sorted = operators.call("sort_by_expert", chosen, inputs.get(2).getShape().get(0));
            NDArray order = sorted.get(0);
            NDArray ends = sorted.get(1);
            NDArray places = sorted.get(2);
            NDList up = operators.call("up_forward", hidden, inputs.get(1), inputs.get(2), order, ends, places);
            NDArray both = up.get(0);
            NDArray rowWeights = up.get(1);
            NDArray inner = operators.call("gate_forward", both, rowWeights).singletonOrThrow();
            NDArray result = operators.call("down_forward", inner, inputs.get(3), order, ends, places,
                    chosen.getShape().get(1)).singletonOrThrow();
            scope.ret(new NDList(result, order, ends, places, both, rowWeights));
            return new Forward(new NDList(result), new NDList(order, ends, places, both, rowWeights));
        }
    }

    @Override
    public NDArray[] backward(NDList inputs, NDList kept, NDArray[] gradients) {
        TorchScriptModule operators = ExpertOperators.module();
        NDArray order = kept.get(0);
        NDArray ends = kept.get(1);
        NDArray places = kept.get(2);
        NDArray both = kept.get(3);
        NDArray rowWeights = kept.get(4);
        try (NDManager scope = Scopes.over(inputs.get(0), gradients[0], both, rowWeights, order)) {
            long slots = inputs.get(1).getShape().get(1);
            NDList down = operators.call("down_backward", gradients[0], inputs.get(3), order, ends, places, slots, both);
            NDList gate = operators.call("gate_backward", both, rowWeights, down.get(1));
            NDList results = operators.call("up_backward", inputs.get(0), inputs.get(1), inputs.get(2), order, ends, places,
                    down.get(0), gate.get(0), gate.get(1), gate.get(2));
            return scope.ret(results).toArray(new NDArray[0]);
        }
    }

    @Override
    public NDList differentiable(NDList inputs) {
        return ExpertOperators.module().call("experts",
                inputs.get(0), inputs.get(2), inputs.get(3), chosen, inputs.get(1));
    }
}
