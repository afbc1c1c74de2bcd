package ai.spattention.rmsnorm;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.spattention.cuda.KernelLibrary;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.KernelStep;
import ai.spattention.plan.Launches;
import ai.spattention.plan.Tensor;

/**
 * The launches of RMS normalisation of a residual stream, with the sum before it. The kernels are {@code src/main/kernel/rms_norm}.
 *
 * <p>Letters: T tokens, D the size of a token's row, K slots, S = T · K rows of the experts.
 */
public final class RmsNormSteps {

    static final KernelLibrary LIBRARY = KernelLibrary.beside(RmsNormSteps.class, "");

    /** Programs of a backward pass: each keeps a weight's gradient in registers and writes it once. */
    private static final int MOST_PROGRAMS = 528;

    private static final int MOST_COLUMNS = 4096;
    private static final int UNIT_OF_COLUMNS = 16;
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
        return MOST_COLUMNS;
    }

    /**
     * Whether there is a kernel for an array of DJL's.
     *
     * @param x [..., C]
     * @return true for float32 on a GPU of compute capability 8.0 or newer, D a multiple of 16 up to 4,096
     */
    public static boolean serves(NDArray x) {
        long size = x.getShape().get(x.getShape().dimension() - 1);
        return x.getDataType() == DataType.FLOAT32 && x.getDevice().isGpu() && size % UNIT_OF_COLUMNS == 0 && size <= MOST_COLUMNS
                && LIBRARY.runsOn(x.getDevice().getDeviceId());
    }

    /**
     * Rows of the experts, to be added up by token.
     *
     * @param rows [S, C], bfloat16
     * @param places the row of each (token, slot) pair, [T, K], int32
     */
    public record Slots(Tensor rows, Tensor places) {

        private String name() {
            return places.size(1) > FEW_SLOTS ? "many_slots" : "slots";
        }

        private KernelStep addTo(KernelStep step, Tensor x) {
            places.require(Type.INT32, x.size(0), -1);
            rows.require(Type.BFLOAT16, places.elements(), x.size(1));
            return step.with("rows", rows).with("places", places).with("slots", places.size(1));
        }
    }

    /**
     * y = norm(x).
     *
     * @param x [T, C], float32
     * @param weight [C], float32
     * @param y [T, C], bfloat16, written
     * @param root 1 / √(mean square + ε) of each row, [T], float32, written
     */
    public void forward(Tensor x, Tensor weight, Tensor y, Tensor root) {
        launches.add(forward("nothing", x, weight, y, root));
    }

    /**
     * total = x + branch, y = norm(total).
     *
     * @param x [T, C], float32
     * @param branch [T, C], bfloat16
     * @param weight [C], float32
     * @param total [T, C], float32, written; null where nobody reads it: adding up again costs less than keeping it
     * @param y [T, C], bfloat16, written
     * @param root of total's rows, [T], float32, written
     */
    public void forwardOfSum(Tensor x, Tensor branch, Tensor weight, Tensor total, Tensor y, Tensor root) {
        KernelStep step = forward(total == null ? "branch_unwritten" : "branch", x, weight, y, root)
                .with("branch", branch.require(Type.BFLOAT16, x.sizes()));
        launches.add(total == null ? step : step.with("total", total.require(Type.FLOAT32, x.sizes())));
    }

    /**
     * total = x + branch + the rows of each token, y = norm(total).
     *
     * @param x [T, C], float32
     * @param branch [T, C], bfloat16
     * @param slots the rows
     * @param weight [C], float32
     * @param total [T, C], float32, written
     * @param y [T, C], bfloat16, written
     * @param root of total's rows, [T], float32, written
     */
    public void forwardOfSum(Tensor x, Tensor branch, Slots slots, Tensor weight, Tensor total, Tensor y, Tensor root) {
        launches.add(slots.addTo(forward(slots.name(), x, weight, y, root), x).with("branch", branch.require(Type.BFLOAT16, x.sizes()))
                .with("total", total.require(Type.FLOAT32, x.sizes())));
    }

    private KernelStep forward(String summed, Tensor x, Tensor weight, Tensor y, Tensor root) {
        return step("norm_forward-" + summed, x, weight, root).with("y", y.require(Type.BFLOAT16, x.sizes())).with("epsilon", epsilon)
                .grid(x.size(0), 1, 1);
    }

    private KernelStep step(String kernel, Tensor x, Tensor weight, Tensor root) {
        long size = x.require(Type.FLOAT32, -1, -1).size(1);
        return new KernelStep(LIBRARY, kernel + "-" + KernelStep.block(size, SMALLEST_BLOCK), launches.target()).with("x", x)
                .with("weight", weight.require(Type.FLOAT32, size)).with("root", root.require(Type.FLOAT32, x.size(0))).with("size", size);
    }

    /**
     * What a backward pass reads and writes.
     *
     * @param x what was normalised, [T, C], float32
     * @param weight [C], float32
     * @param root from the forward pass, [T], float32
     * @param gradient of y, [T, C], bfloat16
     * @param xGradient of x, [T, C], float32, written
     * @param branchGradient the same in bfloat16, written
     * @param weightGradient of the weight, [C], float32, written or added to
     */
    public record Backward(Tensor x, Tensor weight, Tensor root, Tensor gradient, Tensor xGradient, Tensor branchGradient,
            Tensor weightGradient) {}

    /**
     * The gradients where nothing else depends on x.
     *
     * @param arrays the arrays; the branch's gradient is null where there is no branch
     * @param addWeights whether the weight's gradient is added to what stands there
     */
    public void backward(Backward arrays, boolean addWeights) {
        add(backward(arrays.branchGradient == null ? "alone" : "last", arrays), arrays, addWeights);
    }

    /**
     * The gradients, with a further summand of x's.
     *
     * @param arrays the arrays
     * @param totalGradient x's summand, [T, C], float32; may be {@code xGradient}
     * @param y [T, C], bfloat16, written: the forward pass's bits once more; null where they were kept
     * @param addWeights whether the weight's gradient is added to what stands there
     */
    public void backwardOfSum(Backward arrays, Tensor totalGradient, Tensor y, boolean addWeights) {
        KernelStep step = backward(y == null ? "branch" : "again", arrays)
                .with("total_grad", totalGradient.require(Type.FLOAT32, arrays.x.sizes()));
        add(y == null ? step : step.with("y", y.require(Type.BFLOAT16, arrays.x.sizes())), arrays, addWeights);
    }

    /**
     * The gradients where x + branch was normalised, with a further summand of the sum's, and further summands of y's; and y once more.
     *
     * @param arrays the arrays; their x is without the branch, their gradients of x are the sum's
     * @param branch [T, C], bfloat16
     * @param totalGradient the sum's summand, [T, C], float32; may be {@code xGradient}
     * @param slots y's summands
     * @param y [T, C], bfloat16, written: the forward pass's bits
     * @param addWeights whether the weight's gradient is added to what stands there
     */
    public void backwardOfSum(Backward arrays, Tensor branch, Tensor totalGradient, Slots slots, Tensor y, boolean addWeights) {
        long[] sizes = arrays.x.sizes();
        KernelStep step = backward(slots.name(), arrays).with("branch", branch.require(Type.BFLOAT16, sizes))
                .with("total_grad", totalGradient.require(Type.FLOAT32, sizes)).with("y", y.require(Type.BFLOAT16, sizes));
        add(slots.addTo(step, arrays.x), arrays, addWeights);
    }

    private KernelStep backward(String name, Backward arrays) {
        long[] sizes = arrays.x.sizes();
        KernelStep step = step("norm_backward-" + name, arrays.x, arrays.weight, arrays.root)
                .with("y_grad", arrays.gradient.require(Type.BFLOAT16, sizes)).with("x_grad", arrays.xGradient.require(Type.FLOAT32, sizes));
        return arrays.branchGradient == null ? step : step.with("branch_grad", arrays.branchGradient.require(Type.BFLOAT16, sizes));
    }

    private void add(KernelStep step, Backward arrays, boolean addWeights) {
        long rows = arrays.x.size(0);
        long each = (rows - 1) / MOST_PROGRAMS + 1;
        long programs = (rows - 1) / each + 1;
        Tensor parts = launches.array("parts of a norm's gradient", Type.FLOAT32, programs, arrays.x.size(1));
        launches.add(step.with("parts", parts).with("T", rows).with("each", each).grid(programs, 1, 1));
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
        long size = out.require(Type.FLOAT32, out.sizes()).elements();
        launches.add(new KernelStep(LIBRARY, add ? "sum_parts-add" : "sum_parts", launches.target()).with("parts", parts).with("out", out)
                .with("count", parts.size(0)).with("pitch", parts.strides()[0]).with("size", size).grid((size - 1) / COLUMNS_OF_SUM + 1, 1, 1));
    }
}
