package ai.spattention.querykeyrotary;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.ArrayLaunches;
import ai.spattention.plan.Tensor;
import ai.spattention.segment.ExplicitPart;
import java.util.function.UnaryOperator;

/**
 * RMS normalisation and rotation of queries or keys by their kernels in a block. Inputs: [B, N, H D] in bfloat16 and the weight [H D].
 * Output: a view [B, H, N, D] of rows that lie as the input's.
 */
public final class QueryKeyRotaryPart implements ExplicitPart {

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
    public QueryKeyRotaryPart(NDList table, int firstPosition, float epsilon, UnaryOperator<NDList> differentiable) {
        this.table = table;
        this.firstPosition = firstPosition;
        this.epsilon = epsilon;
        this.differentiable = differentiable;
    }

    private QueryKeyRotarySteps steps(ArrayLaunches launches, Shape shape) {
        return new QueryKeyRotarySteps(launches, new QueryKeyRotarySteps.Positions(launches.in("cosines", table.get(0)),
                launches.in("sines", table.get(1)), shape.get(1), firstPosition), epsilon);
    }

    private static Tensor rows(Tensor array, Shape shape) {
        return array.reshape(shape.get(0) * shape.get(1), shape.get(2));
    }

    @Override
    public Forward forward(NDList inputs) {
        try (ArrayLaunches launches = ArrayLaunches.over(inputs.get(0))) {
            return forward(launches, inputs);
        }
    }

    Forward forward(ArrayLaunches launches, NDList inputs) {
        Shape shape = inputs.get(0).getShape();
        long dim = 2 * table.get(0).getShape().get(1);
        Tensor x = rows(launches.dense("x", inputs.get(0)), shape);
        Tensor heads = launches.array("rotated", Type.BFLOAT16, new long[] {shape.get(0), shape.get(2) / dim, shape.get(1), dim},
                new int[] {0, 2, 1, 3});
        Tensor root = launches.array("root", Type.FLOAT32, x.size(0));
        steps(launches, shape).forward(x, launches.dense("weight", inputs.get(1)), heads.as(x.sizes(), x.strides()), root);
        NDList results = launches.ret(heads, root);
        return new Forward(results.subNDList(0, 1), results.subNDList(1));
    }

    @Override
    public NDArray[] backward(NDList inputs, NDList kept, NDArray[] gradients) {
        try (ArrayLaunches launches = ArrayLaunches.over(inputs.get(0), gradients[0])) {
            return backward(launches, inputs, kept, gradients[0]);
        }
    }

    NDArray[] backward(ArrayLaunches launches, NDList inputs, NDList kept, NDArray gradient) {
        Shape shape = inputs.get(0).getShape();
        Tensor x = rows(launches.dense("x", inputs.get(0)), shape);
        Tensor arriving = launches.dense("gradient", gradient.transpose(0, 2, 1, 3)); // a copy where the heads do not lie so
        Tensor xGradient = launches.array("gradient of x", Type.BFLOAT16, shape.getShape());
        Tensor weightGradient = launches.array("gradient of the weight", Type.FLOAT32, shape.get(2));
        steps(launches, shape).backward(x, launches.dense("weight", inputs.get(1)), launches.dense("root", kept.get(0)),
                arriving.reshape(x.sizes()), rows(xGradient, shape), weightGradient, false);
        return launches.ret(xGradient, weightGradient).toArray(new NDArray[0]);
    }

    @Override
    public NDList differentiable(NDList inputs) {
        return differentiable.apply(inputs);
    }
}
