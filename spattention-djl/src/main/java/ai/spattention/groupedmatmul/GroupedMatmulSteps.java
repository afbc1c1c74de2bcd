package ai.spattention.groupedmatmul;

import ai.djl.ndarray.NDArray;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.KernelLibrary;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.KernelStep;
import ai.spattention.plan.Launches;
import ai.spattention.plan.Tensor;
import ai.spattention.torch.Bfloat16;

/**
 * The launches of products of each expert's rows with its own matrix, in bfloat16 with float32 sums. The kernels are {@code
 * src/main/kernel/grouped_matmul}.
 *
 * <p>Letters: T tokens, K experts a token, S = T · K rows, E experts.
 */
public final class GroupedMatmulSteps {

    static final KernelLibrary LIBRARY = KernelLibrary.beside(GroupedMatmulSteps.class, "");

    private static final int UNIT_OF_COLUMNS = 64;
    private static final int MOST_EXPERTS = 256;
    private static final int MOST_COLUMNS = 4096; // of a token's row
    private static final int SMALLEST_BLOCK = 1024;

    private final Launches launches;
    private final Tensor ends;
    private final Tensor tileEnds;

    /**
     * Starts.
     *
     * @param launches where steps go
     * @param ends where each expert's rows end, [E], int32
     * @param tileEnds where each expert's tiles end, [E], int32
     */
    public GroupedMatmulSteps(Launches launches, Tensor ends, Tensor tileEnds) {
        this.launches = launches;
        this.ends = ends.require(Type.INT32, -1);
        this.tileEnds = tileEnds.require(Type.INT32, ends.size(0));
    }

    /**
     * Whether there are kernels for some experts.
     *
     * @param hidden the tokens' states, [T, C]
     * @param experts E
     * @param inner an expert's width, I
     * @return true for bfloat16 on an NVIDIA GPU of compute capability 8.0 or newer, D (at most 4,096) and I multiples of 64, at
     *     most 256 experts
     */
    public static boolean serves(NDArray hidden, long experts, long inner) {
        long size = hidden.getShape().get(1);
        return Bfloat16.is(hidden) && hidden.getDevice().isGpu() && size % UNIT_OF_COLUMNS == 0 && size <= MOST_COLUMNS
                && inner % UNIT_OF_COLUMNS == 0 && experts <= MOST_EXPERTS && LIBRARY.runsOn(hidden.getDevice().getDeviceId());
    }

    /**
     * The rows of a tile of {@link #times}.
     *
     * @param target the GPU
     * @return what tile ends are counted in
     */
    public static int rowsOfTile(CudaTarget target) {
        return LIBRARY.variantFor("rows", target.computeCapability()).rows();
    }

    private KernelStep step(String kernel) {
        return new KernelStep(LIBRARY, kernel, launches.target());
    }

    /**
     * The tokens' rows in the experts' order.
     *
     * @param array [T, size], bfloat16
     * @param places the row of each (token, slot) pair, [T, K], int32
     * @param out [S, size], bfloat16, written
     */
    public void dispatch(Tensor array, Tensor places, Tensor out) {
        long count = places.require(Type.INT32, -1, -1).size(0);
        long size = array.require(Type.BFLOAT16, count, -1).size(1);
        launches.add(step("spread_rows-" + KernelStep.block(size, SMALLEST_BLOCK)).with("array", array).with("places", places)
                .with("out", out.require(Type.BFLOAT16, places.elements(), size)).with("slots", places.size(1)).with("size", size)
                .grid(count, 1, 1));
    }

    /**
     * Adds up each token's rows.
     *
     * @param rows [S, size], bfloat16
     * @param places the row of each (token, slot) pair, [T, K], int32
     * @param out [T, size], bfloat16, written
     */
    public void combine(Tensor rows, Tensor places, Tensor out) {
        long count = places.require(Type.INT32, -1, -1).size(0);
        long size = rows.require(Type.BFLOAT16, places.elements(), -1).size(1);
        launches.add(step("sum_slots-" + KernelStep.block(size, SMALLEST_BLOCK)).with("array", rows).with("places", places)
                .with("out", out.require(Type.BFLOAT16, count, size)).with("slots", places.size(1)).with("size", size).grid(count, 1, 1));
    }

    /**
     * Each row times its expert's matrix.
     *
     * @param rows [S, k], bfloat16
     * @param matrices [E, k, n], or with {@code transposed} [E, n, k]; bfloat16
     * @param transposed whether the matrices lie transposed
     * @param out [S, n], bfloat16, written
     */
    public void times(Tensor rows, Tensor matrices, boolean transposed, Tensor out) {
        long k = rows.require(Type.BFLOAT16, -1, -1).size(1);
        long n = out.require(Type.BFLOAT16, rows.size(0), -1).size(1);
        matrices.require(Type.BFLOAT16, ends.size(0), transposed ? n : k, transposed ? k : n);
        KernelStep step = step(transposed ? "rows-transposed" : "rows").with("array", rows).with("matrices", matrices).with("out", out)
                .with("ends", ends).with("tile_ends", tileEnds).with("experts", ends.size(0)).with("N", n).with("K", k);
        // an upper bound of the tiles: how many there are, only the device knows
        launches.add(step.tiles(tiles(n, step.variant().columns()), rows.size(0) / step.variant().rows() + ends.size(0), 1));
    }

    /**
     * The gradient of each expert's matrix: Σ over its rows of left(r)ᵀ right(r).
     *
     * @param left [S, m], bfloat16
     * @param right [S, n], bfloat16
     * @param out [E, m, n], float32, written or added to; or bfloat16, written
     * @param add whether the sums are added to what stands there
     */
    public void outer(Tensor left, Tensor right, Tensor out, boolean add) {
        boolean rounded = out.type() == Type.BFLOAT16 && !add;
        long m = left.require(Type.BFLOAT16, -1, -1).size(1);
        long n = right.require(Type.BFLOAT16, left.size(0), -1).size(1);
        KernelStep step = step(rounded ? "matrices" : add ? "matrices-fp32-add" : "matrices-fp32").with("left", left).with("right", right)
                .with("out", out.require(rounded ? Type.BFLOAT16 : Type.FLOAT32, ends.size(0), m, n)).with("ends", ends)
                .with("experts", ends.size(0)).with("M", m).with("N", n);
        launches.add(step.tiles(tiles(n, step.variant().columns()), tiles(m, step.variant().rows()), ends.size(0)));
    }

    private static long tiles(long numbers, int tile) {
        return (numbers + tile - 1) / tile;
    }
}
