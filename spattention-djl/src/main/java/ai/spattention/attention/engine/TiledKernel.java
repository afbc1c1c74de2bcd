package ai.spattention.attention.engine;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.AttentionShape;
import ai.spattention.attention.PlanCache;
import ai.spattention.attention.PlanMemory;
import ai.spattention.pattern.HeadMask;
import ai.spattention.torch.EngineArrays;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Computes only the tiles that the pattern allows: time and memory grow with the allowed pairs, and no N × M array is ever
 * made for a head whose pattern is sparse.
 *
 * <p>Distance bands and prefix keys are covered by tiles of consecutive queries and the key blocks their bands reach
 * ({@link TilePlan}), one fused softmax a tile; blocks of keys at no fixed distance are further columns of it ({@link TilePicks}).
 * Strided distances without an end are covered with the positions sorted by residue ({@link StridePlan}) and merged into the same softmax.
 */
public final class TiledKernel implements AttentionKernel {

    /** In place of a mask's number. */
    private static final long NO_MASK = -1;

    private final int tileSize;
    private final PlanCache<PlanKey, DevicePlan> plans = new PlanCache<>(this::build, plan -> plan.manager.close());

    private record PlanKey(List<HeadMask> masks, int numKvHeads, int queryLength, int keyLength, Device device) {}

    private record MaskKey(ByteBuffer seen, Shape shape) {}

    /** A plan as the operator takes it: its arguments after the dropout. */
    private record DevicePlan(NDManager manager, List<Object> arguments) {}

    /** Creates the kernel; it chooses the tile size by the width of the bands. */
    public TiledKernel() {
        this(0);
    }

    /**
     * Creates the kernel with a fixed tile size.
     *
     * @param tileSize the number of queries, and of keys, in a block; 0 to choose by the width of the bands
     */
    public TiledKernel(int tileSize) {
        this.tileSize = tileSize;
    }

    @Override
    public String name() {
        return "tiled";
    }

    @Override
    public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            float dropout, boolean training) {
        AttentionShape shape = AttentionShape.of(queries, keys, values).with(documents, queries);
        List<HeadMask> masks = layout.headMasks(shape.numHeads(), shape.keyLength());
        PlanKey key = new PlanKey(masks, shape.numKvHeads(), shape.queryLength(), shape.keyLength(), queries.getDevice());
        return plans.use(key, plan -> {
            Object[] arguments = Stream.concat(Stream.of(queries, keys, values, documents, training ? dropout : 0), plan.arguments.stream())
                    .toArray();
            return (training ? AttentionOperators.module().call("tiled", arguments)
                    : AttentionOperators.module().infer("tiled", arguments)).singletonOrThrow();
        });
    }

    private DevicePlan build(PlanKey key) {
        return PlanMemory.with("tile plans", key.device, manager -> build(key, manager));
    }

    private DevicePlan build(PlanKey key, NDManager manager) {
        int tile = tileSize > 0 ? tileSize : chooseTileSize(key.masks, key.keyLength);
        TilePlan plan = TilePlan.of(key.masks, key.queryLength, key.keyLength, tile);
        List<TilePlan.Group> groups = plan.groups();
        List<TilePlan.Run> runs = groups.stream().flatMap(group -> group.runs().stream()).toList();
        List<Integer> heads = groups.stream().flatMap(group -> group.heads().stream()).toList();
        List<StridePlan> strides = groups.stream().map(group -> StridePlan.of(group.mask(), key.keyLength)).toList();
        MaskTable masks = new MaskTable(manager);
        // named as the operator's parameters are
        NDArray places = EngineArrays.of(manager, IntStream.range(0, heads.size()).mapToLong(heads::indexOf).toArray());
        long[] groupHeads = numbers(groups, group -> group.heads().size());
        long[] groupPrefix = numbers(groups, group -> Math.min(group.mask().prefixKeys(), key.keyLength));
        NDList groupOffsets = arrays(groups, "offsets[]", group -> create(manager, group.offsets()));
        long[] groupBlockMask = numbers(groups, group -> masks.index(group.blockMask(), tile, (long) group.offsets().length * tile));
        NDList groupPicks = arrays(groups, "picks[]", group -> create(manager, group.picks().index())
                .reshape(plan.tiles(), group.picks().blocks()));
        long[] groupPicksMask = numbers(groups, group -> group.picks().blocks() == 0 ? NO_MASK
                : masks.index(group.picks().mask(), plan.tiles(), tile, (long) group.picks().blocks() * tile));
        long[] groupRuns = numbers(groups, group -> group.runs().size());
        long[] runFirstTile = numbers(runs, TilePlan.Run::firstTile);
        long[] runTiles = numbers(runs, TilePlan.Run::tiles);
        long[] runBlocks = numbers(runs, TilePlan.Run::blocks);
        long[] runPrefixMask = numbers(runs, run -> run.prefixMask() == null ? NO_MASK
                : masks.index(run.prefixMask(), tile, run.prefixMask().length / tile));
        long[] runEmptyRows = numbers(runs, run -> run.emptyRows() ? 1 : 0);
        long[] groupResidues = numbers(strides, stride -> stride.residues().size());
        long[] groupPeriod = numbers(strides, StridePlan::period);
        long[] residues = strides.stream().flatMap(stride -> stride.residues().stream()).mapToLong(Integer::longValue).toArray();
        long[] residueMask = strides.stream().flatMapToLong(stride -> stride.masks().stream()
                .mapToLong(mask -> masks.index(mask, stride.period(), stride.rows(), stride.rows()))).toArray();
        masks.arrays.forEach(array -> array.setName("masks[]"));
        Stream<Object> arguments = Stream.of(tile, plan.firstTile(), plan.tiles(), masks.arrays, groupHeads, numbers(heads, head -> head),
                places, groupPrefix, groupOffsets, groupBlockMask, groupPicks, groupPicksMask, groupRuns, runFirstTile, runTiles, runBlocks,
                runPrefixMask, runEmptyRows, groupResidues, groupPeriod, residues, residueMask);
        return new DevicePlan(manager, arguments.map(argument ->
                argument instanceof long[] numbers ? EngineArrays.onHost(manager, numbers) : argument).toList());
    }

    private static <T> long[] numbers(List<T> items, ToLongFunction<T> number) {
        return items.stream().mapToLong(number).toArray();
    }

    /** Named once, so that calls of several threads need not name them. */
    private static <T> NDList arrays(List<T> items, String name, Function<T, NDArray> array) {
        NDList arrays = new NDList();
        for (T item : items) {
            NDArray next = array.apply(item);
            next.setName(name);
            arrays.add(next);
        }
        return arrays;
    }

    /** The masks of a plan, each once, for heads often share their relative mask. */
    private static final class MaskTable {

        private final NDManager manager;
        private final Map<MaskKey, Integer> known = new HashMap<>();
        private final NDList arrays = new NDList();

        MaskTable(NDManager manager) {
            this.manager = manager;
        }

        int index(byte[] seen, long... shape) {
            return known.computeIfAbsent(new MaskKey(ByteBuffer.wrap(seen), new Shape(shape)), key -> {
                arrays.add(EngineArrays.of(manager, key.seen.duplicate(), key.shape)); // as in create()
                return arrays.size() - 1;
            });
        }
    }

    /**
     * A tile as high as half a band wastes little (a tile of T queries computes T + w columns for a band of w) and keeps the
     * copies of keys few (each key is copied into (T + w) / T tiles). The band is the median one: that of most heads, whatever a
     * few see besides. Strided patterns have narrow windows and no fused kernel, so that there a small tile pays. Where heads see blocks
     * of keys, a tile is one of these, or some if they are small.
     */
    static int chooseTileSize(List<HeadMask> masks, int keyLength) {
        int block = masks.stream().filter(mask -> !mask.blocks().isEmpty()).mapToInt(mask -> mask.blocks().size()).max().orElse(0);
        if (block > 0) {
            return Math.min(512, block * ((15 + block) / block));
        }
        int[] widths = masks.stream().flatMap(mask -> mask.bands().stream())
                .mapToInt(band -> Math.min(band.maxDistance(), keyLength) - band.minDistance()).filter(width -> width > 0)
                .sorted().toArray();
        int half = widths.length == 0 ? 1 : Integer.highestOneBit(Math.max(1, widths[widths.length / 2] / 2));
        boolean strided = masks.stream().anyMatch(mask -> !StridePlan.of(mask).isEmpty());
        return Math.max(strided ? 16 : 32, Math.min(512, half));
    }

    private static NDArray create(NDManager manager, int[] values) {
        return EngineArrays.of(manager, Arrays.stream(values).asLongStream().toArray()); // autograd may need it after the plan is dropped
    }
}
