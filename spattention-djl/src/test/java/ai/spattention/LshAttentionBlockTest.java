package ai.spattention;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.GradientMode;
import ai.spattention.attention.auto.Kernels;
import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.LshSettings;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.segment.Segments;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Hashed attention as an option of the block. */
class LshAttentionBlockTest {

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    private final ParameterStore store = new ParameterStore(manager, false);

    @AfterEach
    void close() {
        manager.close();
    }

    private static SpAttentionBlock.Builder block(int chunk) {
        return SpAttentionBlock.builder().setModelDim(24).setNumHeads(4).optHeadDim(10).optLshAttention(new LshSettings(2, chunk, 1))
                .optLayoutLength(LayoutLength.of(32)).optRotaryEmbedding(10_000).optQueryKeyNorm(1e-5f).optBias(true);
    }

    private NDArray run(SpAttentionBlock block, NDArray... inputs) {
        return block.forward(store, new NDList(inputs), false).singletonOrThrow();
    }

    private static void assertClose(NDArray expected, NDArray actual) {
        assertEquals(expected.getShape(), actual.getShape());
        float worst = expected.sub(actual).abs().max().getFloat();
        assertTrue(worst <= 1e-5, "largest difference " + worst);
    }

    @Test
    void keysAreTheQueries() throws IOException, MalformedModelException {
        SpAttentionBlock block = block(4).build();
        NDArray x = manager.randomNormal(new Shape(2, 19, 24));
        block.initialize(manager, DataType.FLOAT32, x.getShape());
        assertNull(block.getKeyProjection());
        assertNull(block.getKeyNorm());
        assertEquals(7, block.getParameters().size(), "three projections with biases and a norm");
        NDArray expected = run(block, x);
        assertClose(expected, run(block, x, x, x));
        assertClose(expected, block.attend(store, Segments.engine(), x, null, false));
        assertClose(expected.get(":, :7"), run(block, x.get(":, :7")));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        block.saveParameters(new DataOutputStream(bytes));
        SpAttentionBlock loaded = block(4).build();
        loaded.loadParameters(manager, new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
        assertArrayEquals(expected.toFloatArray(), run(loaded, x).toFloatArray());
        assertEquals("the saved attention block has pattern lsh:2:4:1, this one has lsh:2:5:1", assertThrows(MalformedModelException.class,
                () -> block(5).build().loadParameters(manager, new DataInputStream(new ByteArrayInputStream(bytes.toByteArray()))))
                .getMessage());
    }

    @Test
    void documentsAndPaddingAreKeptApart() {
        SpAttentionBlock block = block(4).build();
        NDArray x = manager.randomNormal(new Shape(1, 20, 24));
        block.initialize(manager, DataType.FLOAT32, x.getShape());
        NDArray first = run(block, x.get(":, :12"));
        NDArray lengths = manager.create(new int[] {12});
        assertClose(first, run(block, x, lengths).get(":, :12"));
        NDArray mask = manager.zeros(new Shape(1, 20));
        mask.set(new NDIndex(":, :12"), 1);
        assertClose(first, run(block, x, mask).get(":, :12"));
        long[] ids = new long[20];
        Arrays.fill(ids, 12, 20, 7);
        assertClose(first, run(block, x, manager.create(ids, new Shape(1, 20))).get(":, :12"));
    }

    @Test
    void bfloat16IsNear() {
        SpAttentionBlock block = block(64).build(); // one bucket: rounding moves no token to another
        SpAttentionBlock shorter = block(64).optPrecision(Precision.BFLOAT16).build();
        NDArray x = manager.randomNormal(new Shape(2, 19, 24));
        for (SpAttentionBlock each : List.of(block, shorter)) {
            each.initialize(manager, DataType.FLOAT32, x.getShape());
        }
        for (int i = 0; i < block.getParameters().size(); i++) {
            block.getParameters().valueAt(i).getArray().copyTo(shorter.getParameters().valueAt(i).getArray());
        }
        NDArray expected = run(block, x);
        NDArray difference = run(shorter, x).sub(expected);
        assertTrue(difference.abs().max().getFloat() < 0.05 * Math.max(1, expected.abs().max().getFloat()));
    }

    @Test
    void whatItCannotDoIsRefusedInALine() {
        SpAttentionBlock block = block(4).build();
        NDArray x = manager.randomNormal(new Shape(1, 6, 24));
        block.initialize(manager, DataType.FLOAT32, x.getShape());
        assertEquals("lsh attention has keys that are the queries (got two inputs for them): give one input, or one array for both",
                refused(() -> run(block, x, x.duplicate(), x)));
        assertEquals("lsh attention takes documents, a padding mask or valid lengths (got a mask of pairs (1, 6, 6)): use one of these, or"
                + " a pattern with masks", refused(() -> run(block, x, manager.ones(new Shape(1, 6, 6)))));
        try (KeyValueCache cache = new KeyValueCache(manager)) {
            assertClose(run(block, x), block.attend(store, x, cache, false));
            assertEquals(6, cache.length());
            assertEquals("lsh attention reads a sequence as a whole (got 6 positions in a cache): give all positions and an empty cache,"
                    + " or none", refused(() -> block.attend(store, x, cache, false)));
        }
        assertEquals("lsh attention shares queries and keys: it needs as many key/value heads as heads (got 2 key/value heads for 4 heads)",
                refused(() -> block(4).optNumKvHeads(2).build()));
    }

    @Test
    void kernelsRefuse() {
        AttentionLayout layout = new AttentionLayout(new LshSettings(), LayoutLength.SEQUENCE);
        NDArray x = manager.zeros(new Shape(1, 2, 5, 4));
        for (String name : List.of("masked", "tiled", "dense", "auto")) {
            AttentionKernel kernel = Kernels.of(name);
            String message = refused(() -> kernel.attend(x, x, x, layout, 0, false));
            assertTrue(message.contains("'lsh' depends on the tokens") && message.contains("SpAttentionBlock"), message);
            assertTrue(kernel.unsupported(AttentionCall.of(x, x, x, null, layout, 0, GradientMode.NONE)).orElseThrow()
                    .startsWith("pattern 'lsh' depends on the tokens"), name);
        }
    }

    private static String refused(Runnable what) {
        return assertThrows(InvalidInputException.class, what::run).getMessage();
    }

    @Test
    void learnsAndRepeatsItself() throws Exception {
        float first = lossAfter(0);
        float trained = lossAfter(6);
        assertTrue(trained < 0.8 * first, first + " became " + trained);
        assertEquals(trained, lossAfter(6), "the same seed gives the same numbers");
    }

    private float lossAfter(int epochs) throws Exception {
        Engine.getEngine("PyTorch").setRandomSeed(2);
        try (Model model = Model.newInstance("lsh", Device.cpu(), "PyTorch")) {
            model.setBlock(SpAttentionBlock.builder().setModelDim(16).setNumHeads(2).optLshAttention(new LshSettings(2, 4, 0))
                    .optLayoutLength(LayoutLength.of(30)).build());
            NDManager own = model.getNDManager();
            NDArray x = own.randomNormal(new Shape(8, 30, 16));
            ArrayDataset data = new ArrayDataset.Builder().setData(x).optLabels(x.mul(0.5)).setSampling(4, false).build();
            try (Trainer trainer = model.newTrainer(new DefaultTrainingConfig(Loss.l2Loss())
                    .optOptimizer(Optimizer.adam().optLearningRateTracker(Tracker.fixed(0.02f)).build()))) {
                trainer.initialize(new Shape(4, 30, 16));
                EasyTrain.fit(trainer, epochs, data, null);
                return Loss.l2Loss().evaluate(new NDList(x.mul(0.5)), trainer.evaluate(new NDList(x))).getFloat();
            }
        }
    }

    @Test
    void aPatternAsTheOthersAreSet() {
        assertEquals(new LshSettings(3), SpAttentionBlock.builder().setModelDim(8).setNumHeads(2).setPattern(new LshSettings(3)).build()
                .getLayout().pattern());
        assertEquals(StandardPattern.SP, SpAttentionBlock.builder().setModelDim(8).setNumHeads(2).setPattern(StandardPattern.SP).build()
                .getLayout().pattern());
    }
}
