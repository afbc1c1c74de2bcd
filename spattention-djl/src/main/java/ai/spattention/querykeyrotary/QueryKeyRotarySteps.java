package ai.spattention.querykeyrotary;

import ai.djl.ndarray.NDArray;
import ai.spattention.cuda.KernelLibrary;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.KernelStep;
import ai.spattention.plan.Launches;
import ai.spattention.plan.Tensor;
import ai.spattention.rmsnorm.RmsNormSteps;
import ai.spattention.torch.Bfloat16;
import java.util.Set;

/**
 * The launches of normalisation and rotation of queries or keys. The kernels are {@code src/main/kernel/query_key_rotary}.
 *
 * <p>Letters: T tokens, N positions of a sequence, H heads, D their dimension.
 */
public final class QueryKeyRotarySteps {

    static final KernelLibrary LIBRARY = KernelLibrary.beside(QueryKeyRotarySteps.class, "");

    private static final Set<Integer> HEAD_DIMENSIONS = Set.of(32, 64, 128, 256);
    private static final int MOST_COLUMNS = 4096;
    private static final int SMALLEST_BLOCK = 512; // of pairs
    private static final int MOST_PROGRAMS = 1024;

    private final Launches launches;
    private final Positions positions;
    private final float epsilon;

    /**
     * Where rows stand: row t at position first + t mod N.
     *
     * @param cosines of the angles of all positions, [positions, D / 2], float32
     * @param sines of the same angles
     * @param length N
     * @param first the position of each sequence's first row
     */
    public record Positions(Tensor cosines, Tensor sines, long length, long first) {

        /** Checks that there are angles for all positions. */
        public Positions {
            cosines.require(Type.FLOAT32, -1, -1);
            sines.require(Type.FLOAT32, cosines.sizes());
            if (first < 0 || first + length > cosines.size(0)) {
                throw new IllegalArgumentException("there are angles of " + cosines.size(0) + " positions (got " + length + " from " + first
                        + " on)");
            }
        }
    }

    /**
     * Starts.
     *
     * @param launches where steps go
     * @param positions where rows stand
     * @param epsilon what is added to the mean square
     */
    public QueryKeyRotarySteps(Launches launches, Positions positions, float epsilon) {
        this.launches = launches;
        this.positions = positions;
        this.epsilon = epsilon;
    }

    /**
     * Whether there is a kernel for an array of DJL's.
     *
     * @param x [B, N, H D]
     * @param headDim D
     * @return true for bfloat16 on a GPU of compute capability 8.0 or newer, H D up to 4,096, D 32, 64, 128 or 256
     */
    public static boolean serves(NDArray x, int headDim) {
        return Bfloat16.is(x) && x.getDevice().isGpu() && HEAD_DIMENSIONS.contains(headDim) && x.getShape().get(2) <= MOST_COLUMNS
                && LIBRARY.runsOn(x.getDevice().getDeviceId());
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
        launches.add(step("rotary_forward", x, weight, root).with("y", y.require(Type.BFLOAT16, x.sizes())).with("epsilon", epsilon)
                .grid(x.size(0), 1, 1));
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
        Tensor parts = launches.array("parts of a query or key norm's gradient", Type.FLOAT32, programs, x.size(1));
        launches.add(step("rotary_backward", x, weight, root).with("y_grad", gradient.require(Type.BFLOAT16, x.sizes()))
                .with("x_grad", xGradient.require(Type.BFLOAT16, x.sizes())).with("x_grad_pitch", xGradient.strides()[0])
                .with("parts", parts).with("T", rows).with("each", each).grid(programs, 1, 1));
        RmsNormSteps.sumParts(launches, parts, weightGradient, add);
    }

    private KernelStep step(String kernel, Tensor x, Tensor weight, Tensor root) {
        long size = x.require(Type.BFLOAT16, -1, -1).size(1);
        long half = positions.cosines.size(1);
        return new KernelStep(LIBRARY, kernel + "-half" + half + "-" + KernelStep.block(size / 2, SMALLEST_BLOCK), launches.target())
                .with("x", x).with("x_pitch", x.strides()[0]).with("weight", weight.require(Type.FLOAT32, size))
                .with("cos", positions.cosines).with("sin", positions.sines).with("root", root.require(Type.FLOAT32, x.size(0)))
                .with("size", size).with("length", positions.length).with("first", positions.first);
    }
}
