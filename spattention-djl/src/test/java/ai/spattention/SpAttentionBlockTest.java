package ai.spattention;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.spattention.attention.engine.MaskedKernel;
import ai.spattention.attention.engine.TiledKernel;
import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.segment.Segments;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SpAttentionBlockTest {

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    private final ParameterStore store = new ParameterStore(manager, false);

    @AfterEach
    void close() {
        manager.close();
    }

    private static SpAttentionBlock.Builder full() {
        return SpAttentionBlock.builder().setModelDim(24).setNumHeads(4).optNumKvHeads(2).optHeadDim(10)
                .setPattern(StandardPattern.SP).optLayoutLength(LayoutLength.of(32)).optRotaryEmbedding(10_000)
                .optQueryKeyNorm(1e-5f).optClipQkv(0.8f).optBias(true);
    }

    private NDArray input(long... shape) {
        return manager.randomNormal(new Shape(shape));
    }

    private NDArray run(SpAttentionBlock block, NDArray... inputs) {
        return block.forward(store, new NDList(inputs), false).singletonOrThrow();
    }

    private static void assertClose(NDArray expected, NDArray actual, double tolerance) {
        assertEquals(expected.getShape(), actual.getShape());
        float worst = expected.sub(actual).abs().max().getFloat();
        assertTrue(worst <= tolerance, "largest difference " + worst);
    }

    @Test
    void initialisesLazilyAndKnowsItsOutput() {
        SpAttentionBlock block = full().build();
        NDArray x = input(2, 9, 24);
        assertArrayEquals(new Shape[] {x.getShape()}, block.getOutputShapes(new Shape[] {x.getShape()}));
        block.initialize(manager, DataType.FLOAT32, x.getShape());
        assertEquals(new Shape(40, 24), block.getQueryProjection().getParameters().get("weight").getArray().getShape());
        assertEquals(new Shape(20, 24), block.getKeyProjection().getParameters().get("weight").getArray().getShape());
        assertEquals(new Shape(24, 40), block.getOutputProjection().getParameters().get("weight").getArray().getShape());
        assertEquals(new Shape(40), block.getQueryNorm().getWeight().getArray().getShape());
        assertEquals(x.getShape(), run(block, x).getShape());
        assertEquals(new Shape(1, 20, 24), run(block, input(1, 20, 24)).getShape());
    }

    @Test
    void separateInputsEqualSelfAttentionAndAMaskOfOnesChangesNothing() {
        SpAttentionBlock block = full().build();
        NDArray x = input(2, 13, 24);
        block.initialize(manager, DataType.FLOAT32, x.getShape());
        NDArray expected = run(block, x);
        NDArray ones = manager.ones(new Shape(2, 13, 13));
        assertClose(expected, run(block, x, x, x), 1e-6);
        assertClose(expected, run(block, x, ones), 1e-5);
        assertClose(expected, run(block, x, x, x, ones), 1e-5);
        // queries that are the last positions see what they see in the whole sequence
        assertClose(expected.get(":, 9:"), run(block, x, x.get(":, 9:"), x), 1e-5);
    }

    @Test
    void paddingIsSeenByNothing() {
        SpAttentionBlock block = full().build();
        NDArray x = input(2, 6, 24);
        block.initialize(manager, DataType.FLOAT32, x.getShape());
        NDArray mask = manager.create(new float[] {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0}, new Shape(2, 6));
        NDArray lengths = manager.create(new int[] {6, 4});
        NDArray whole = run(block, x.get("0:1"));
        NDArray cut = run(block, x.get("1:, :4"));
        List<NDArray> ways = Stream.concat(
                Stream.of(DataType.FLOAT32, DataType.FLOAT64, DataType.BOOLEAN, DataType.UINT8, DataType.INT32, DataType.INT64)
                        .map(type -> mask.toType(type, true)),
                Stream.of(DataType.FLOAT32, DataType.INT32, DataType.INT64).map(type -> lengths.toType(type, true))).toList();
        for (NDArray way : ways) {
            for (boolean training : new boolean[] {false, true}) {
                NDArray result = block.forward(store, new NDList(x, way), training).singletonOrThrow();
                assertClose(whole, result.get("0:1"), 1e-6);
                assertClose(cut, result.get("1:, :4"), 1e-6);
                assertClose(cut.get(":, 2:"), block.forward(store, new NDList(x, x.get(":, 2:"), x, way), training).singletonOrThrow()
                        .get("1:, :2"), 1e-5);
            }
            assertEquals(way.getShape().get(0), 2, "the caller's array stays open");
        }
    }

    /** As many numbers as a right one has, or fewer that could be repeated. */
    @Test
    void refusesInputsAndMasksThatDoNotFit() {
        SpAttentionBlock block = full().build();
        NDArray x = input(2, 6, 24);
        block.initialize(manager, DataType.FLOAT32, x.getShape());
        NDArray last = x.get(":, 4:");
        refused("a mask must be [B, N, M] = [2, 6, 6] (got (6, 2, 6))", block, x, manager.ones(new Shape(6, 2, 6)));
        refused("a mask must be [B, N, M] = [2, 6, 6] (got (1, 6, 6))", block, x, manager.ones(new Shape(1, 6, 6)));
        refused("a mask must be [B, N, M] = [2, 2, 6] (got (2, 6, 2))", block, x, last, x, manager.ones(new Shape(2, 6, 2)));
        String padding = "documents, or a padding mask, must be [B, M] = [2, 6] (got ";
        refused(padding + "(6, 2))", block, x, manager.zeros(new Shape(6, 2), DataType.INT64));
        refused(padding + "(6, 6))", block, x, manager.zeros(new Shape(6, 6), DataType.INT64));
        refused(padding + "(2, 5))", block, x, manager.zeros(new Shape(2, 5)));
        refused("attention takes a mask [batch, 6, 6], documents or a padding mask [batch, 6], valid lengths [batch], or what is added"
                + " to the scores [batch, heads, 6, 6] besides its input (got (2, 1, 1, 6, 6))", block, x,
                manager.ones(new Shape(2, 1, 1, 6, 6)));
        String offsets = "what is added to the scores must be floating-point [B, H, N, M] = [2, 4, 6, 6], or 1 in the place of B, H or N"
                + " (got ";
        String instead = "; a mask of 1 for pairs to keep has three axes";
        refused(offsets + "int32 (2, 1, 6, 6))" + instead, block, x, manager.ones(new Shape(2, 1, 6, 6), DataType.INT32));
        refused(offsets + "float32 (2, 1, 6, 1))" + instead, block, x, manager.ones(new Shape(2, 1, 6, 1)));
        refused(offsets + "float32 (2, 2, 6, 6))" + instead, block, x, manager.ones(new Shape(2, 2, 6, 6)));
        refused("valid lengths must be [B] = [2] (got (72))", block, x, last, x, manager.ones(new Shape(72)));
        refused("valid lengths must lie in [0, M] = [0, 6] (got 7)", block, x, manager.create(new int[] {6, 7}));
        refused("valid lengths must lie in [0, M] = [0, 6] (got -1)", block, x, manager.create(new float[] {-1, 6}));
        refused("valid lengths must be numbers (got boolean): a padding mask has two axes, [B, M]", block, x,
                manager.create(new boolean[] {true, true}));
        for (float wrong : new float[] {-100_000, 0.5f, Float.NaN}) {
            refused("a padding mask must hold 1 for positions to keep and 0 for padding (got " + wrong + ")", block, x,
                    manager.create(new float[] {1, 1, 0, wrong, 0, 0, 1, 1, 1, 1, 1, 1}, new Shape(2, 6)));
        }
        String together = "attention takes keys and values of one shape, [batch, length, 24], and for each of the batch at most as"
                + " many queries (got keys ";
        refused(together + "(2, 6, 24), queries (2, 6, 24), values (2, 5, 24))", block, x, x, x.get(":, 1:"));
        refused(together + "(2, 6, 24), queries (2, 6, 24), values (1, 6, 24))", block, x, x, x.get("1:"));
        refused(together + "(2, 2, 24), queries (2, 6, 24), values (2, 2, 24))", block, last, x, last);
        refused(together + "(1, 6, 24), queries (2, 6, 24), values (1, 6, 24))", block, x.get("1:"), x, x.get("1:"));
        refused("attention with model dimension 24 takes [batch, length, 24] (got (2, 24, 6))", block, x, x.transpose(0, 2, 1), x);
        NDArray three = manager.ones(new Shape(2, 6, 6));
        assertEquals("documents must be int64 [B, M] = [2, 6] (got float32 (2, 6, 6))", assertThrows(InvalidInputException.class,
                () -> block.attend(store, Segments.engine(), x, three, false)).getMessage(), "a mask in the place of documents");
        try (KeyValueCache cache = new KeyValueCache(manager)) {
            block.attend(store, x, cache, false);
            assertEquals("the cache holds keys (2, 2, 6, 10) [batch, heads, positions, head dimension]: what follows must be of the"
                    + " same batch, heads and head dimension (got (1, 2, 6, 10))", assertThrows(InvalidInputException.class,
                    () -> block.attend(store, x.get("1:"), cache, false)).getMessage());
            assertEquals(6, cache.length());
        }
        refused("attention takes 1 to 4 inputs (got 5): [input], [input, mask], [keys, queries, values] or [keys, queries, values,"
                + " mask]", block, x, x, x, manager.ones(new Shape(2, 6, 6)), x);
    }

    private void refused(String message, SpAttentionBlock block, NDArray... inputs) {
        for (boolean training : new boolean[] {false, true}) {
            assertEquals(message, assertThrows(InvalidInputException.class,
                    () -> block.forward(store, new NDList(inputs), training)).getMessage());
        }
    }

    @Test
    void aMaskHidesKeys() {
        SpAttentionBlock block = full().setPattern(StandardPattern.CAUSAL).build();
        NDArray x = input(1, 6, 24);
        block.initialize(manager, DataType.FLOAT32, x.getShape());
        NDArray mask = manager.ones(new Shape(1, 6, 6));
        mask.set(new NDIndex(":, :, 0"), 0f);
        mask.set(new NDIndex(":, 0, 0"), 1f);
        NDArray other = x.duplicate();
        other.set(new NDIndex(":, 0"), 5f);
        assertClose(run(block, x, mask).get(":, 1:"), run(block, other, mask).get(":, 1:"), 1e-6);
    }

    @Test
    void savesAndLoadsIntoANewBlock() throws IOException, MalformedModelException {
        SpAttentionBlock block = full().build();
        NDArray x = input(2, 13, 24);
        block.initialize(manager, DataType.FLOAT32, x.getShape());
        byte[] saved = save(block);
        SpAttentionBlock loaded = full().build();
        loaded.loadParameters(manager, new DataInputStream(new ByteArrayInputStream(saved)));
        assertClose(run(block, x), run(loaded, x), 0);
        assertArrayEquals(saved, save(loaded));
    }

    private static byte[] save(SpAttentionBlock block) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        block.saveParameters(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }

    @Test
    void refusesWhatAnotherBlockSaved() throws IOException {
        SpAttentionBlock block = full().build();
        block.initialize(manager, DataType.FLOAT32, new Shape(1, 4, 24));
        byte[] saved = save(block);
        SpAttentionBlock other = full().setPattern(StandardPattern.EXCLUSIVE).build();
        MalformedModelException failure = assertThrows(MalformedModelException.class,
                () -> other.loadParameters(manager, new DataInputStream(new ByteArrayInputStream(saved))));
        assertEquals("the saved attention block has pattern sp, this one has exclusive", failure.getMessage());
    }

    @Test
    void cachedDecodingEqualsTheWholeSequence() {
        for (StandardPattern pattern : StandardPattern.values()) {
            SpAttentionBlock block = full().setPattern(pattern).build();
            NDArray x = input(2, 21, 24);
            block.initialize(manager, DataType.FLOAT32, x.getShape());
            NDArray expected = run(block, x);
            try (KeyValueCache cache = new KeyValueCache(manager)) {
                NDArray prompt = block.attend(store, x.get(":, :12"), cache, false);
                try (KeyValueCache branch = cache.copy(manager)) {
                    assertClose(expected.get(":, 12:"), block.attend(store, x.get(":, 12:"), branch, false), 1e-5);
                }
                NDList steps = new NDList(prompt);
                for (int i = 12; i < 21; i++) {
                    steps.add(block.attend(store, x.get(":, " + i + ":" + (i + 1)), cache, false));
                }
                assertEquals(21, cache.length());
                assertClose(expected, NDArrays.concat(steps, 1), 1e-5);
            }
        }
    }

    @Test
    void kernelsAgreeInsideTheBlockAndDropoutActsOnlyInTraining() {
        NDArray x = input(2, 40, 24);
        SpAttentionBlock masked = full().optKernel(new MaskedKernel()).optDropout(0.3f).build();
        masked.initialize(manager, DataType.FLOAT32, x.getShape());
        SpAttentionBlock tiled = full().optKernel(new TiledKernel(8)).optDropout(0.3f).build();
        tiled.initialize(manager, DataType.FLOAT32, x.getShape());
        for (int i = 0; i < masked.getParameters().size(); i++) {
            masked.getParameters().valueAt(i).getArray().copyTo(tiled.getParameters().valueAt(i).getArray());
        }
        NDArray expected = run(masked, x);
        assertClose(expected, run(tiled, x), 1e-5);
        for (SpAttentionBlock block : new SpAttentionBlock[] {masked, tiled}) {
            NDArray mean = null;
            int rounds = 300;
            try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                assertTrue(expected.sub(block.forward(store, new NDList(x), true).head()).abs().max().getFloat() > 1e-3);
                collector.zeroGradients();
            }
            for (int i = 0; i < rounds; i++) {
                NDArray sample = block.forward(store, new NDList(x), true).head();
                mean = mean == null ? sample : mean.add(sample);
            }
            // dropped weights are made up for by the others, on average
            assertClose(expected, mean.div(rounds), 0.2);
        }
    }

    @Test
    void blocksShareARotaryEmbedding() {
        SpAttentionBlock own = full().build();
        NDArray x = input(1, 8, 24);
        own.initialize(manager, DataType.FLOAT32, x.getShape());
        RotaryEmbedding shared = new RotaryEmbedding(10, 10_000);
        SpAttentionBlock sharing = full().optRotaryEmbedding(shared).build();
        assertSame(shared, sharing.getRotaryEmbedding());
        sharing.initialize(manager, DataType.FLOAT32, x.getShape());
        for (int i = 0; i < own.getParameters().size(); i++) {
            own.getParameters().valueAt(i).getArray().copyTo(sharing.getParameters().valueAt(i).getArray());
        }
        assertClose(run(own, x), run(sharing, x), 0);
        assertNotSame(shared, full().optRotaryEmbedding(shared).optRotaryEmbedding(500).build().getRotaryEmbedding());
    }

    @Test
    void leavesNothingBehindInTheCallersManager() {
        SpAttentionBlock block = full().build();
        NDArray x = input(1, 8, 24);
        block.initialize(manager, DataType.FLOAT32, x.getShape());
        int before = manager.getManagedArrays().size();
        NDArray result = run(block, x);
        assertEquals(before + 1, manager.getManagedArrays().size());
        result.close();
    }

    @Test
    void refusesSizesThatDoNotFit() {
        assertMessage("the model dimension must be at least 1 (got 0)", SpAttentionBlock.builder());
        assertMessage("the heads must divide the model dimension (got 5 heads for dimension 24), or the head dimension"
                + " must be set", SpAttentionBlock.builder().setModelDim(24).setNumHeads(5).setPattern(StandardPattern.SP));
        assertMessage("key/value heads must divide the query heads (got 3 key/value heads for 4 heads)",
                SpAttentionBlock.builder().setModelDim(24).setNumHeads(4).optNumKvHeads(3).setPattern(StandardPattern.SP));
        assertMessage("an attention pattern must be set", SpAttentionBlock.builder().setModelDim(24).setNumHeads(4));
        assertMessage("rotary embedding needs an even head dimension (got 3)", SpAttentionBlock.builder().setModelDim(12)
                .setNumHeads(4).setPattern(StandardPattern.SP).optRotaryEmbedding(10_000));
        assertMessage("the rotary embedding must be of the head dimension (got 8 and 10)",
                full().optRotaryEmbedding(new RotaryEmbedding(8, 10_000)));
        SpAttentionBlock block = full().build();
        InvalidInputException failure = assertThrows(InvalidInputException.class,
                () -> block.initialize(manager, DataType.FLOAT32, new Shape(1, 4, 23)));
        assertEquals("attention with model dimension 24 takes [batch, length, 24] (got (1, 4, 23))", failure.getMessage());
        assertEquals("the parameters of attention can be float32, float64 or float16 (got bfloat16): DJL's PyTorch has no bfloat16; leave"
                + " them float32 and build the block with optPrecision(Precision.BFLOAT16)", assertThrows(InvalidInputException.class,
                () -> block.initialize(manager, DataType.BFLOAT16, new Shape(1, 4, 24))).getMessage());
        assertEquals("the parameters of attention can be float32, float64 or float16 (got int32)", assertThrows(
                InvalidInputException.class, () -> block.initialize(manager, DataType.INT32, new Shape(1, 4, 24))).getMessage());
    }

    private static void assertMessage(String message, SpAttentionBlock.Builder builder) {
        assertEquals(message, assertThrows(InvalidInputException.class, builder::build).getMessage());
    }
}
