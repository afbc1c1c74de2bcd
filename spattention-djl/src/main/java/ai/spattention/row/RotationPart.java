package ai.spattention.row;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.spattention.segment.ExplicitPart;
import java.util.function.UnaryOperator;

/**
 * RMS normalisation and rotation of queries or keys by the row kernels. Inputs: [B, N, H D] in bfloat16 and the weight [H D].
 * Output: [B, H, N, D].
 */
public final class RotationPart implements ExplicitPart {

    private final NDList table;
    private final int firstPosition;
    private final float epsilon;
    private final UnaryOperator<NDList> differentiable;

    /**
     * Creates the part.
     *
     * @param table cosine and sine of each position's angles, [positions, D/2], float32; never closed
     * @param firstPosition the position of the first row
     * @param epsilon what is added to the mean square
     * @param differentiable the same results by operations that the engine differentiates
     */
    public RotationPart(NDList table, int firstPosition, float epsilon, UnaryOperator<NDList> differentiable) {
        this.table = table;
        this.firstPosition = firstPosition;
        this.epsilon = epsilon;
        this.differentiable = differentiable;
    }

    @Override
    public Forward forward(NDList inputs) {
        NDList results = RowKernels.rotateForward(inputs.get(0), inputs.get(1), table, firstPosition, epsilon);
        return new Forward(results.subNDList(0, 1), results.subNDList(1));
    }

    @Override
    public NDArray[] backward(NDList inputs, NDList kept, NDArray[] gradients) {
        return RowKernels.rotateBackward(inputs.get(0), inputs.get(1), table, firstPosition, kept.get(0), gradients[0])
                .toArray(new NDArray[0]);
    }

    @Override
    public NDList differentiable(NDList inputs) {
        return differentiable.apply(inputs);
    }
}
