package ai.spattention.attention.engine;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.AttentionShape;
import ai.spattention.attention.PlanCache;
import ai.spattention.attention.PlanMemory;
import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.Stride;
import ai.spattention.torch.EngineArrays;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Computes only the tiles that the pattern allows: time and memory grow with the allowed pairs, and no N × M array is ever
 * made for a head whose pattern is sparse.
 *
 * <p>Distance bands and prefix keys are covered by tiles of consecutive queries and the key blocks their bands reach
 * ({@link TilePlan}), one fused softmax a tile; blocks of keys at no fixed distance are further columns of it ({@link TilePicks}).
 * Strided distances without an end are covered with the positions sorted by residue ({@link StridePlan}) and merged into the same softmax.
 */
public final class TiledKernel implements AttentionKernel {

    private final int tileSize;
    private final PlanCache<PlanKey, DevicePlan> plans = new PlanCache<>(this::build, plan -> plan.manager.close());

    private record PlanKey(List<HeadMask> masks, int numKvHeads, int queryLength, int keyLength, Device device) {}

    private record MaskKey(ByteBuffer seen, Shape shape) {}

    /** A plan as the operator takes it. */
    private record DevicePlan(NDManager manager, NDArray numbers, NDArray order, NDList offsets, NDList masks) {}

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
        try (NDManager scalars = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray rate = scalars.create(training ? dropout : 0f);
            return plans.use(key, plan -> AttentionOperators.module().call("tiled", training, queries, keys, values,
                    AttentionOperators.documents(documents, scalars), plan.numbers, plan.order, plan.offsets, plan.masks, rate)
                    .singletonOrThrow());
        }
    }

    private DevicePlan build(PlanKey key) {
        return PlanMemory.with("tile plans", key.device, manager -> build(key, manager));
    }

    private DevicePlan build(PlanKey key, NDManager manager) {
        int tile = tileSize > 0 ? tileSize : chooseTileSize(key.masks, key.keyLength);
        TilePlan plan = TilePlan.of(key.masks, key.queryLength, key.keyLength, tile);
        NDList offsets = new NDList();
        List<Integer> outputOrder = new ArrayList<>();
        MaskList masks = new MaskList(manager);
        for (TilePlan.Group group : plan.groups()) {
            outputOrder.addAll(group.heads());
            offsets.add(create(manager, group.offsets()));
            offsets.add(create(manager, group.picks().index()));
            masks.add(group.blockMask(), new Shape(tile, (long) group.offsets().length * tile));
            if (group.picks().blocks() > 0) {
                masks.add(group.picks().mask(), new Shape(plan.tiles(), tile, (long) group.picks().blocks() * tile));
            }
            int prefix = Math.min(group.mask().prefixKeys(), key.keyLength);
            for (TilePlan.Run run : group.runs()) {
                if (run.prefixMask() != null) {
                    masks.add(run.prefixMask(), new Shape(tile, prefix));
                }
            }
            StridePlan strides = StridePlan.of(group.mask(), key.keyLength);
            for (byte[] strideMask : strides.masks()) {
                masks.add(strideMask, new Shape(strides.period(), strides.rows(), strides.rows()));
            }
        }
        int[] order = new int[outputOrder.size()];
        for (int i = 0; i < order.length; i++) {
            order[outputOrder.get(i)] = i;
        }
        long[] numbers = encode(plan, key, order, masks.uses);
        NDArray onHost = manager.create(numbers).toDevice(Device.cpu(), false); // read by the interpreter, never by kernels
        // named once, so that calls of several threads need not name them
        offsets.forEach(array -> array.setName("offsets[]"));
        masks.arrays.forEach(array -> array.setName("masks[]"));
        return new DevicePlan(manager, onHost, create(manager, order), offsets, masks.arrays);
    }

    /** The masks of a plan, each once, for heads often share their relative mask, and which of them is used when. */
    private static final class MaskList {

        private final NDManager manager;
        private final Map<MaskKey, Integer> known = new HashMap<>();
        private final NDList arrays = new NDList();
        private final List<Integer> uses = new ArrayList<>();

        MaskList(NDManager manager) {
            this.manager = manager;
        }

        void add(byte[] seen, Shape shape) {
            uses.add(known.computeIfAbsent(new MaskKey(ByteBuffer.wrap(seen), shape), key -> {
                arrays.add(manager.create(key.seen.duplicate(), shape, DataType.BOOLEAN));
                return arrays.size() - 1;
            }));
        }
    }

    /** The plan's integers in the order in which the operator reads them. */
    private static long[] encode(TilePlan plan, PlanKey key, int[] order, List<Integer> maskUses) {
        List<Integer> numbers = new ArrayList<>();
        int firstQuery = key.keyLength - key.queryLength;
        boolean inOrder = true;
        for (int i = 0; i < order.length; i++) {
            inOrder &= order[i] == i;
        }
        numbers.addAll(List.of(plan.tileSize(), plan.firstTile(), plan.tiles(),
                firstQuery - plan.firstTile() * plan.tileSize(), inOrder ? 1 : 0, plan.groups().size(), maskUses.size()));
        int sharedBy = key.masks.size() / key.numKvHeads;
        for (TilePlan.Group group : plan.groups()) {
            Stride stride = StridePlan.of(group.mask());
            numbers.addAll(List.of(group.heads().size(), group.runs().size(),
                    Math.min(group.mask().prefixKeys(), key.keyLength), stride.period(), stride.residues().size(), group.picks().blocks()));
            for (int head : group.heads()) {
                numbers.add(head);
                numbers.add(head / sharedBy);
            }
            for (TilePlan.Run run : group.runs()) {
                numbers.addAll(List.of(run.firstTile(), run.tiles(), run.blocks(), run.prefixMask() != null ? 1 : 0,
                        run.emptyRows() ? 1 : 0));
            }
            numbers.addAll(stride.residues());
        }
        numbers.addAll(maskUses);
        return numbers.stream().mapToLong(Integer::longValue).toArray();
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
