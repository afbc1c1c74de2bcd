package ai.spattention.grouped;

import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.Launch;
import ai.spattention.cuda.TensorView;
import ai.spattention.plan.KernelStep;
import ai.spattention.plan.PlanBuilder;
import ai.spattention.plan.Tensor;

/**
 * Products of each expert's rows with its own matrix in a plan, in bfloat16 with float32 sums.
 *
 * <p>Letters: T tokens, K experts a token, S = T · K rows, E experts.
 */
public final class GroupedSteps {

    private final PlanBuilder plan;
    private final CudaTarget target;
    private final Tensor ends;
    private final Tensor tileEnds;

    /**
     * Starts.
     *
     * @param plan where steps go
     * @param target the GPU
     * @param ends where each expert's rows end, [E], int32
     * @param tileEnds where each expert's tiles end, [E], int32
     */
    public GroupedSteps(PlanBuilder plan, CudaTarget target, Tensor ends, Tensor tileEnds) {
        this.plan = plan;
        this.target = target;
        this.ends = ends;
        this.tileEnds = tileEnds;
    }

    /**
     * The rows of a tile of {@link #times}.
     *
     * @param target the GPU
     * @return what tile ends are counted in
     */
    public static int rowsOfTile(CudaTarget target) {
        return ExpertRows.LIBRARY.variantFor("rows", target.computeCapability()).rows();
    }

    /**
     * The tokens' rows in the experts' order.
     *
     * @param array [T, size], bfloat16
     * @param places the row of each (token, slot) pair, [T, K], int32
     * @param out [S, size], bfloat16, written
     */
    public void spread(Tensor array, Tensor places, Tensor out) {
        plan.add(new KernelStep(ExpertRows.LIBRARY, "spread_rows-" + Launch.block(out.size(1), 1024), target).with("array", array)
                .with("places", places).with("out", out).with("slots", places.size(1)).with("size", out.size(1))
                .grid(array.size(0), 1, 1));
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
        KernelStep step = new KernelStep(ExpertRows.LIBRARY, transposed ? "rows-transposed" : "rows", target).with("array", rows)
                .with("matrices", matrices).with("out", out).with("ends", ends).with("tile_ends", tileEnds)
                .with("experts", matrices.size(0)).with("N", out.size(1)).with("K", rows.size(1));
        // an upper bound of the tiles: how many there are, only the device knows
        plan.add(step.tiles(tiles(out.size(1), step.variant().columns()),
                rows.size(0) / step.variant().rows() + matrices.size(0), 1));
    }

    /**
     * The gradient of each expert's matrix: Σ over its rows of left(r)ᵀ right(r).
     *
     * @param left [S, m], bfloat16
     * @param right [S, n], bfloat16
     * @param out [E, m, n], float32, written or added to
     * @param add whether the sums are added to what stands there
     */
    public void outer(Tensor left, Tensor right, Tensor out, boolean add) {
        if (out.type() != TensorView.Type.FLOAT32) {
            throw new IllegalArgumentException("gradients of experts are float32 (got " + out.type() + ")");
        }
        KernelStep step = new KernelStep(ExpertRows.LIBRARY, add ? "matrices-fp32-add" : "matrices-fp32", target).with("left", left)
                .with("right", right).with("out", out).with("ends", ends).with("experts", out.size(0)).with("M", left.size(1))
                .with("N", right.size(1));
        plan.add(step.tiles(tiles(right.size(1), step.variant().columns()), tiles(left.size(1), step.variant().rows()), out.size(0)));
    }

    private static long tiles(long numbers, int tile) {
        return (numbers + tile - 1) / tile;
    }
}
