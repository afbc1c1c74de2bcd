package ai.spattention.rmsnorm;

import ai.spattention.cuda.KernelLibrary;
import ai.spattention.plan.KernelStep;
import ai.spattention.plan.Launches;
import ai.spattention.plan.Tensor;

/**
 * RMS normalisation of a residual stream in a plan, with the sum before it. The kernels are {@code src/main/kernel/rms_norm}.
 *
 * <p>Letters: T tokens, D the size of a token's row, K slots, S = T · K rows of the experts.
 */
public final class RmsNormSteps {

    static final KernelLibrary LIBRARY = KernelLibrary.beside(RmsNormSteps.class, "");

    /** Programs of a backward pass: each keeps a weight's gradient in registers and writes it once. */
    private static final int MOST_PROGRAMS = 1024;

    private static final int SMALLEST_BLOCK = 1024;
    private static final int COLUMNS_OF_SUM = 32;

    /** So many rows of a token are read at the same time. */
    private static final int FEW_SLOTS = 8;

    private final Launches launches;
    private final float epsilon;

    /**
     * Starts.
     *
     * @param launches where steps go
     * @param epsilon what is added to the mean square
     */
    public RmsNormSteps(Launches launches, float epsilon) {
        this.launches = launches;
        this.epsilon = epsilon;
    }

    /**
     * The longest row that there is a kernel for.
     *
     * @return 4,096
     */
    public static int mostColumns() {
        return 4096;
    }

    /**
     * Rows of the experts, to be added up by token.
     *
     * @param rows [S, D], bfloat16
     * @param places the row of each (token, slot) pair, [T, K], int32
     */
    public record Slots(Tensor rows, Tensor places) {

        private String name() {
            return places.size(1) > FEW_SLOTS ? "many_slots" : "slots";
        }
    }

    /**
     * y = norm(x).
     *
     * @param x [T, D], float32
     * @param weight [D], float32
     * @param y [T, D], bfloat16, written
     * @param root 1 / √(mean square + ε) of each row, [T], float32, written
     */
    public void forward(Tensor x, Tensor weight, Tensor y, Tensor root) {
        launches.add(forward("nothing", x, weight, y, root));
    }

    /**
     * total = x + branch, y = norm(total).
     *
     * @param x [T, D], float32
     * @param branch [T, D], bfloat16
     * @param weight [D], float32
     * @param total [T, D], float32, written
     * @param y [T, D], bfloat16, written
     * @param root of total's rows, [T], float32, written
     */
    public void forwardOfSum(Tensor x, Tensor branch, Tensor weight, Tensor total, Tensor y, Tensor root) {
        launches.add(forward("branch", x, weight, y, root).with("branch", branch).with("total", total));
    }

    /**
     * total = x + the rows of each token, y = norm(total).
     *
     * @param x [T, D], float32
     * @param slots the rows
     * @param weight [D], float32
     * @param total [T, D], float32, written
     * @param y [T, D], bfloat16, written
     * @param root of total's rows, [T], float32, written
     */
    public void forwardOfSum(Tensor x, Slots slots, Tensor weight, Tensor total, Tensor y, Tensor root) {
        launches.add(with(slots, forward(slots.name(), x, weight, y, root).with("total", total)));
    }

    private KernelStep forward(String summed, Tensor x, Tensor weight, Tensor y, Tensor root) {
        return new KernelStep(LIBRARY, "norm_forward-" + summed + "-" + block(x), launches.target()).with("x", x).with("weight", weight)
                .with("y", y).with("root", root).with("size", x.size(1)).with("epsilon", epsilon).grid(x.size(0), 1, 1);
    }

    private static KernelStep with(Slots slots, KernelStep step) {
        return step.with("rows", slots.rows).with("places", slots.places).with("slots", slots.places.size(1));
    }

    private static long block(Tensor x) {
        return KernelStep.block(x.size(1), SMALLEST_BLOCK);
    }

    /**
     * y once more, the same bits, where it was not kept.
     *
     * @param x what was normalised, [T, D], float32
     * @param weight [D], float32
     * @param root from the forward pass, [T], float32
     * @param y [T, D], bfloat16, written
     */
    public void again(Tensor x, Tensor weight, Tensor root, Tensor y) {
        launches.add(new KernelStep(LIBRARY, "norm_again-" + block(x), launches.target()).with("x", x).with("weight", weight).with("root", root)
                .with("y", y).with("size", x.size(1)).grid(x.size(0), 1, 1));
    }

    /**
     * What a backward pass reads and writes.
     *
     * @param x what was normalised, [T, D], float32
     * @param weight [D], float32
     * @param root from the forward pass, [T], float32
     * @param gradient of y, [T, D], bfloat16
     * @param xGradient of x, [T, D], float32, written
     * @param branchGradient the same in bfloat16, written
     * @param weightGradient of the weight, [D], float32, written or added to
     */
    public record Backward(Tensor x, Tensor weight, Tensor root, Tensor gradient, Tensor xGradient, Tensor branchGradient,
            Tensor weightGradient) {}

    /**
     * The gradients where nothing else depends on x.
     *
     * @param arrays the arrays
     * @param addWeights whether the weight's gradient is added to what stands there
     */
    public void backward(Backward arrays, boolean addWeights) {
        add(backward("last", arrays), arrays, addWeights);
    }

    /**
     * The gradients, with a further summand of x's.
     *
     * @param arrays the arrays; {@code xGradient} holds the summand
     * @param addWeights whether the weight's gradient is added to what stands there
     */
    public void backwardOfSum(Backward arrays, boolean addWeights) {
        add(backward("branch", arrays).with("total_grad", arrays.xGradient), arrays, addWeights);
    }

    /**
     * The gradients, with a further summand of x's, and further summands of y's.
     *
     * @param arrays the arrays; {@code xGradient} holds x's summand
     * @param slots y's summands
     * @param addWeights whether the weight's gradient is added to what stands there
     */
    public void backwardOfSum(Backward arrays, Slots slots, boolean addWeights) {
        add(with(slots, backward(slots.name(), arrays).with("total_grad", arrays.xGradient)), arrays, addWeights);
    }

    private KernelStep backward(String name, Backward arrays) {
        return new KernelStep(LIBRARY, "norm_backward-" + name + "-" + block(arrays.x), launches.target()).with("x", arrays.x)
                .with("weight", arrays.weight).with("root", arrays.root).with("y_grad", arrays.gradient).with("x_grad", arrays.xGradient)
                .with("branch_grad", arrays.branchGradient);
    }

    private void add(KernelStep step, Backward arrays, boolean addWeights) {
        long rows = arrays.x.size(0);
        long each = (rows - 1) / MOST_PROGRAMS + 1;
        long programs = (rows - 1) / each + 1;
        Tensor parts = launches.array("parts of a norm's gradient", arrays.weight.type(), programs, arrays.x.size(1));
        launches.add(step.with("parts", parts).with("T", rows).with("size", arrays.x.size(1)).with("each", each).grid(programs, 1, 1));
        sumParts(launches, parts, arrays.weightGradient, addWeights);
    }

    /**
     * Adds up a gradient's parts, in their order.
     *
     * @param launches where the step goes
     * @param parts [count, ...], float32; parts may lie apart
     * @param out [...], float32, without gaps
     * @param add whether they are added to what stands there
     */
    public static void sumParts(Launches launches, Tensor parts, Tensor out, boolean add) {
        long size = out.elements();
        launches.add(new KernelStep(LIBRARY, add ? "sum_parts-add" : "sum_parts", launches.target()).with("parts", parts).with("out", out)
                .with("count", parts.size(0)).with("pitch", parts.strides()[0]).with("size", size).grid((size - 1) / COLUMNS_OF_SUM + 1, 1, 1));
    }
}
