package ai.spattention.row;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.spattention.segment.ExplicitPart;
import java.util.function.UnaryOperator;

/**
 * RMS normalisation by the row kernels. Inputs: x [..., size] in float32 and the weight [size]; output: norm(x) in bfloat16. Or
 * inputs: x, a branch [..., size] in bfloat16, the weight; outputs: x + branch in float32 and norm(x + branch) in bfloat16.
 */
public final class NormPart implements ExplicitPart {

    private final float epsilon;
    private final UnaryOperator<NDList> differentiable;

    /**
     * Creates the part.
     *
     * @param epsilon what is added to the mean square
     * @param differentiable the same results by operations that the engine differentiates
     */
    public NormPart(float epsilon, UnaryOperator<NDList> differentiable) {
        this.epsilon = epsilon;
        this.differentiable = differentiable;
    }

    @Override
    public Forward forward(NDList inputs) {
        boolean add = inputs.size() == 3;
        NDList results = RowKernels.normForward(inputs.get(0), add ? inputs.get(1) : null, inputs.get(inputs.size() - 1), epsilon);
        NDArray normed = results.get(0);
        NDArray root = results.get(1);
        return add ? new Forward(new NDList(results.get(2), normed), new NDList(root, results.get(2)))
                : new Forward(new NDList(normed), new NDList(root));
    }

    @Override
    public NDArray[] backward(NDList inputs, NDList kept, NDArray[] gradients) {
        NDArray weight = inputs.get(inputs.size() - 1);
        if (inputs.size() == 2) {
            return RowKernels.normBackward(inputs.get(0), weight, kept.get(0), gradients[0], null).toArray(new NDArray[0]);
        }
        // a model uses both results; without a gradient of the sum there is nothing to add
        NDArray totalGradient = gradients[0] != null ? gradients[0] : kept.get(1).zerosLike();
        NDList found = RowKernels.normBackward(kept.get(1), weight, kept.get(0), gradients[1], totalGradient);
        return new NDArray[] {found.get(0), found.get(2), found.get(1)};
    }

    @Override
    public NDList differentiable(NDList inputs) {
        return differentiable.apply(inputs);
    }
}
