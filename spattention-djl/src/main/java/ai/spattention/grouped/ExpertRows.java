package ai.spattention.grouped;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.cuda.KernelLibrary;
import ai.spattention.cuda.Launch;
import ai.spattention.torch.Bfloat16;
import ai.spattention.torch.TorchScriptModule;

/**
 * Tokens' rows sorted by expert, and products of each expert's rows with its own matrix, in bfloat16 with float32 sums. Nothing
 * is recorded for the engine's autograd, nothing is copied to the host, and the same inputs give the same bits.
 *
 * <p>Letters: T tokens, K experts a token, S = T · K rows, E experts.
 *
 * @param order the (token, slot) pair of each row, [S], int64
 * @param ends where each expert's rows end, [E], int32
 * @param tileEnds where each expert's tiles end, [E], int32
 * @param places the row of each (token, slot) pair, [S], int32
 */
public record ExpertRows(NDArray order, NDArray ends, NDArray tileEnds, NDArray places) {

    static final KernelLibrary LIBRARY = KernelLibrary.beside(ExpertRows.class, "");

    private static final int STEP = 64;
    private static final int MOST_EXPERTS = 256;
    private static final int LARGEST_ROW = 4096;
    private static final int SMALLEST_BLOCK = 1024;

    /** Bound when first used, so that the class loads where there is no engine. */
    private static final class Operators {
        static final TorchScriptModule MODULE = TorchScriptModule.load(ExpertRows.class, "grouped.torchscript");
    }

    /**
     * Whether the kernels serve some experts.
     *
     * @param hidden the tokens' states, [T, D]
     * @param experts E
     * @param inner an expert's width, I
     * @return true for bfloat16 on an NVIDIA GPU of compute capability 8.0 or newer, D (at most 4,096) and I multiples of 64, at
     *     most 256 experts
     */
    public static boolean serves(NDArray hidden, long experts, long inner) {
        long size = hidden.getShape().get(1);
        return hidden.getDevice().isGpu() && Bfloat16.is(hidden) && size % STEP == 0 && size <= LARGEST_ROW && inner % STEP == 0
                && experts <= MOST_EXPERTS && LIBRARY.runsOn(hidden.getDevice().getDeviceId());
    }

    /**
     * Sorts rows by expert.
     *
     * @param chosen the experts of each token, [T, K], int64
     * @param experts E
     * @return the rows, attached to {@code chosen}'s manager
     */
    public static ExpertRows of(NDArray chosen, long experts) {
        int tile = LIBRARY.variant("rows", chosen.getDevice().getDeviceId()).rows();
        try (NDManager numbers = numbers()) {
            return of(Operators.MODULE.call("plan", true, chosen, numbers.create(new long[] {experts, tile})));
        }
    }

    /**
     * Reads what {@link #toList} wrote.
     *
     * @param list the arrays
     * @return the rows
     */
    public static ExpertRows of(NDList list) {
        return new ExpertRows(list.get(0), list.get(1), list.get(2), list.get(3));
    }

    /**
     * The arrays in the record's order.
     *
     * @return four arrays
     */
    public NDList toList() {
        return new NDList(order, ends, tileEnds, places);
    }

    private static NDManager numbers() {
        return NDManager.newBaseManager(Device.cpu(), "PyTorch");
    }

    private static NDArray memory(NDArray like, long... shape) {
        try (NDManager numbers = numbers()) {
            return Operators.MODULE.call("memory", true, like, numbers.create(shape)).singletonOrThrow();
        }
    }

    /**
     * Matrices in another array's type, without gaps.
     *
     * @param like an array of the type
     * @param matrices any matrices
     * @return the matrices, attached to {@code like}'s manager
     */
    public static NDArray like(NDArray like, NDArray matrices) {
        return Operators.MODULE.call("like", true, like, matrices).singletonOrThrow();
    }

    /**
     * The weights of the rows.
     *
     * @param weights [T, K]
     * @return [S], float32
     */
    public NDArray rowWeights(NDArray weights) {
        return Operators.MODULE.call("row_weights", true, weights, order).singletonOrThrow();
    }

    /**
     * The gradient of weights from that of the rows'.
     *
     * @param rows [S]
     * @param weights [T, K]
     * @return [T, K]
     */
    public NDArray weightGradients(NDArray rows, NDArray weights) {
        return Operators.MODULE.call("weight_gradients", true, rows, order, weights).singletonOrThrow();
    }

    /**
     * The tokens' rows in the experts' order.
     *
     * @param array [T, size]
     * @return [S, size], attached to the array's manager
     */
    public NDArray spread(NDArray array) {
        long count = array.getShape().get(0);
        long size = array.getShape().get(1);
        NDArray out = memory(array, order.size(), size);
        Launch launch = new Launch(LIBRARY).with("array", array).with("places", places).with("out", out)
                .with("slots", order.size() / count).with("size", size);
        launch.run(launch.variant("spread_rows-" + Launch.block(size, SMALLEST_BLOCK)), (int) count, 1, 1);
        return out;
    }

    /**
     * Each row times its expert's matrix.
     *
     * @param array the rows, [S, k]
     * @param matrices [E, k, n], or with {@code transposed} [E, n, k]; in the rows' type
     * @param transposed whether the matrices lie transposed
     * @return [S, n], attached to the array's manager
     */
    public NDArray times(NDArray array, NDArray matrices, boolean transposed) {
        Shape shape = matrices.getShape();
        long inner = shape.get(transposed ? 2 : 1);
        long columns = shape.get(transposed ? 1 : 2);
        long rows = order.size();
        NDArray out = memory(array, rows, columns);
        Launch launch = new Launch(LIBRARY).with("array", array).with("matrices", matrices).with("out", out).with("ends", ends)
                .with("tile_ends", tileEnds).with("experts", shape.get(0)).with("N", columns).with("K", inner);
        KernelLibrary.Variant variant = launch.variant(transposed ? "rows-transposed" : "rows");
        // an upper bound of the tiles: how many there are, only the device knows
        launch.runTiles(variant, tiles(columns, variant.columns()), (int) (rows / variant.rows() + shape.get(0)), 1);
        return out;
    }

    /**
     * The gradient of each expert's matrix: Σ over its rows of left(r)ᵀ right(r).
     *
     * @param left [S, m]
     * @param right [S, n]
     * @return [E, m, n], attached to the left array's manager
     */
    public NDArray outer(NDArray left, NDArray right) {
        long experts = ends.size();
        long m = left.getShape().get(1);
        long n = right.getShape().get(1);
        NDArray out = memory(left, experts, m, n);
        Launch launch = new Launch(LIBRARY).with("left", left).with("right", right).with("out", out).with("ends", ends)
                .with("experts", experts).with("M", m).with("N", n);
        KernelLibrary.Variant variant = launch.variant("matrices");
        launch.runTiles(variant, tiles(n, variant.columns()), tiles(m, variant.rows()), (int) experts);
        return out;
    }

    private static int tiles(long numbers, int tile) {
        return (int) ((numbers + tile - 1) / tile);
    }

    /**
     * Adds up each token's rows.
     *
     * @param array [S, size]
     * @param slots K
     * @return [T, size], attached to the array's manager
     */
    public NDArray sumSlots(NDArray array, long slots) {
        long size = array.getShape().get(1);
        long count = order.size() / slots;
        NDArray out = memory(array, count, size);
        Launch launch = new Launch(LIBRARY).with("array", array).with("places", places).with("out", out).with("slots", slots)
                .with("size", size);
        launch.run(launch.variant("sum_slots-" + Launch.block(size, SMALLEST_BLOCK)), (int) count, 1, 1);
        return out;
    }
}
