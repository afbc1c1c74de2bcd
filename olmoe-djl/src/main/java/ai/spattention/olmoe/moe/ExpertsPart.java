package ai.spattention.olmoe.moe;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.spattention.segment.ExplicitPart;

/**
 * The experts with a backward pass of their own: of the forward pass it keeps the gate and up projections' results alone, and
 * weighs the rows before the last product, so that the results need not be kept for the weights' gradient.
 *
 * <p>Inputs: hidden states [T, D], weights [T, K], gate and up matrices [E, 2 I, D], down matrices [E, D, I]. Output: [T, D].
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
        NDList results = ExpertOperators.module().call("experts_forward", true,
                inputs.get(0), inputs.get(1), inputs.get(2), inputs.get(3), chosen);
        return new Forward(results.subNDList(0, 1), results.subNDList(1));
    }

    @Override
    public NDArray[] backward(NDList inputs, NDList kept, NDArray[] gradients) {
        return ExpertOperators.module().call("experts_backward", true, inputs.get(0), inputs.get(1), inputs.get(2), inputs.get(3),
                kept.get(0), kept.get(1), kept.get(2), gradients[0]).toArray(new NDArray[0]);
    }

    @Override
    public NDList differentiable(NDList inputs) {
        return ExpertOperators.module().call("experts", true,
                inputs.get(0), inputs.get(2), inputs.get(3), chosen, inputs.get(1));
    }
}
