package ai.spattention.rmsnorm;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.ArrayLaunches;
import ai.spattention.plan.Tensor;
import ai.spattention.segment.ExplicitPart;
import java.util.function.UnaryOperator;

/**
 * RMS normalisation by its kernels in a block. Inputs: x [..., C] in float32 and the weight [C]; output: norm(x) in bfloat16. Or inputs:
 * x, a branch [..., C] in bfloat16, the weight; outputs: x + branch in float32 and norm(x + branch) in bfloat16.
 */
public final class RmsNormPart implements ExplicitPart {

    private final float epsilon;
    private final UnaryOperator<NDList> differentiable;

    /**
     * Creates the part.
     *
     * @param epsilon what is added to the mean square
     * @param differentiable the same results by operations that the engine differentiates
     */
    public RmsNormPart(float epsilon, UnaryOperator<NDList> differentiable) {
        this.epsilon = epsilon;
        this.differentiable = differentiable;
    }

    @Override
    public Forward forward(NDList inputs) {
        NDArray x = inputs.get(0);
        try (ArrayLaunches launches = inputs.size() == 2 ? ArrayLaunches.over(x) : ArrayLaunches.over(x, inputs.get(1))) {
            return forward(launches, inputs);
        }
    }

    /** Kept: the root of each row, and with a branch the sum. */
    Forward forward(ArrayLaunches launches, NDList inputs) {
        Rows rows = Rows.of(inputs.head());
        Tensor x = rows.of(launches.dense("x", inputs.head()));
        Tensor weight = launches.dense("weight", inputs.get(inputs.size() - 1));
        Tensor y = launches.array("normalised", Type.BFLOAT16, rows.shape.getShape());
        Tensor root = launches.array("root", Type.FLOAT32, rows.count);
        RmsNormSteps norm = new RmsNormSteps(launches, epsilon);
        if (inputs.size() == 2) {
            norm.forward(x, weight, rows.of(y), root);
            NDList results = launches.ret(y, root);
            return new Forward(results.subNDList(0, 1), results.subNDList(1));
        }
        Tensor total = launches.array("sum", Type.FLOAT32, rows.shape.getShape());
        norm.forwardOfSum(x, rows.of(launches.dense("branch", inputs.get(1))), weight, rows.of(total), rows.of(y), root);
        NDList results = launches.ret(total, y, root);
        return new Forward(results.subNDList(0, 2), new NDList(results.get(2), results.get(0)));
    }

    /** The inputs' shape, and how many rows it has of which size. */
    private record Rows(Shape shape, long count, long size) {

        static Rows of(NDArray x) {
            Shape shape = x.getShape();
            long size = shape.get(shape.dimension() - 1);
            return new Rows(shape, shape.size() / size, size);
        }

        Tensor of(Tensor array) {
            return array.reshape(count, size);
        }
    }

    @Override
    public NDArray[] backward(NDList inputs, NDList kept, NDArray[] gradients) {
        boolean branch = inputs.size() == 3;
        NDArray x = branch ? kept.get(1) : inputs.get(0);
        // a model uses both results; without a gradient of the sum there is nothing to add
        NDArray totalGradient = branch ? gradients[0] : null;
        NDArray gradient = branch ? gradients[1] : gradients[0];
        try (ArrayLaunches launches = totalGradient == null ? ArrayLaunches.over(x, gradient)
                : ArrayLaunches.over(x, gradient, totalGradient)) {
            return backward(launches, inputs, kept, gradient, totalGradient);
        }
    }

    NDArray[] backward(ArrayLaunches launches, NDList inputs, NDList kept, NDArray gradient, NDArray totalGradient) {
        boolean branch = inputs.size() == 3;
        NDArray given = branch ? kept.get(1) : inputs.get(0);
        Rows rows = Rows.of(given);
        Tensor weight = launches.dense("weight", inputs.get(inputs.size() - 1));
        Tensor xGradient = launches.array("gradient of x", Type.FLOAT32, rows.shape.getShape());
        Tensor weightGradient = launches.array("gradient of the weight", Type.FLOAT32, rows.size);
        Tensor branchGradient = branch ? launches.array("gradient of the branch", Type.BFLOAT16, rows.shape.getShape()) : null;
        RmsNormSteps.Backward arrays = new RmsNormSteps.Backward(rows.of(launches.dense("x", given)), weight,
                launches.dense("root", kept.get(0)), rows.of(launches.dense("gradient", gradient)), rows.of(xGradient),
                branch ? rows.of(branchGradient) : null, weightGradient);
        RmsNormSteps norm = new RmsNormSteps(launches, epsilon);
        if (totalGradient == null) {
            norm.backward(arrays, false);
        } else {
            norm.backwardOfSum(arrays, rows.of(launches.dense("gradient of the sum", totalGradient)), null, false);
        }
        NDList results = branch ? launches.ret(xGradient, branchGradient, weightGradient) : launches.ret(xGradient, weightGradient);
        return results.toArray(new NDArray[0]);
    }

    @Override
    public NDList differentiable(NDList inputs) {
        return differentiable.apply(inputs);
    }
}
