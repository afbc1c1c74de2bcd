package ai.spattention.querykeyrotary;

import ai.spattention.cuda.KernelLibrary;
import ai.spattention.plan.KernelStep;
import ai.spattention.plan.Launches;
import ai.spattention.plan.Tensor;
import ai.spattention.rmsnorm.RmsNormSteps;

/**
 * Normalisation and rotation of queries or keys in a plan. The kernels are {@code src/main/kernel/query_key_rotary}.
 *
 * <p>Letters: T tokens, N positions of a sequence, H heads, D their dimension.
 */
public final class QueryKeyRotarySteps {

    static final KernelLibrary LIBRARY = KernelLibrary.beside(QueryKeyRotarySteps.class, "");

    private static final int SMALLEST_BLOCK = 512; // of pairs
    private static final int MOST_PROGRAMS = 1024;

    private final Launches launches;
    private final Tensor cosines;
    private final Tensor sines;
    private final long length;
    private final float epsilon;

    /**
     * Starts.
     *
     * @param launches where steps go
     * @param cosines of the angles of all positions, [positions, D / 2], float32
     * @param sines of the same angles
     * @param length N; row t stands at position t mod N
     * @param epsilon what is added to the mean square
     */
    public QueryKeyRotarySteps(Launches launches, Tensor cosines, Tensor sines, long length, float epsilon) {
        this.launches = launches;
        this.cosines = cosines;
        this.sines = sines;
        this.length = length;
        this.epsilon = epsilon;
    }

    /**
     * y = rotate(norm(x)).
     *
     * @param x [T, H D], bfloat16; rows may lie apart
     * @param weight [H D], float32
     * @param y [T, H D], bfloat16, written
     * @param root 1 / √(mean square + ε) of each row, [T], float32, written
     */
    public void forward(Tensor x, Tensor weight, Tensor y, Tensor root) {
        launches.add(step("rotary_forward", x, weight, root).with("y", y).with("epsilon", epsilon).grid(x.size(0), 1, 1));
    }

    /**
     * The gradients.
     *
     * @param x from the forward pass
     * @param weight from the forward pass
     * @param root from the forward pass
     * @param gradient of y, [T, H D], bfloat16
     * @param xGradient of x, [T, H D], bfloat16, written; rows may lie apart
     * @param weightGradient of the weight, [H D], float32, written or added to
     * @param add whether the weight's gradient is added to what stands there
     */
    public void backward(Tensor x, Tensor weight, Tensor root, Tensor gradient, Tensor xGradient, Tensor weightGradient, boolean add) {
        long rows = x.size(0);
        long each = (rows - 1) / MOST_PROGRAMS + 1;
        long programs = (rows - 1) / each + 1;
        Tensor parts = launches.array("parts of a query or key norm's gradient", weight.type(), programs, x.size(1));
        launches.add(step("rotary_backward", x, weight, root).with("y_grad", gradient).with("x_grad", xGradient)
                .with("x_grad_pitch", xGradient.strides()[0]).with("parts", parts).with("T", rows).with("each", each)
                .grid(programs, 1, 1));
        RmsNormSteps.sumParts(launches, parts, weightGradient, add);
    }

    private KernelStep step(String kernel, Tensor x, Tensor weight, Tensor root) {
        long half = cosines.size(1);
        long block = KernelStep.block(x.size(1) / 2, SMALLEST_BLOCK);
        return new KernelStep(LIBRARY, kernel + "-half" + half + "-" + block, launches.target()).with("x", x).with("x_pitch", x.strides()[0])
                .with("weight", weight).with("cos", cosines).with("sin", sines).with("root", root).with("size", x.size(1))
                .with("length", length).with("first", 0);
    }
}
