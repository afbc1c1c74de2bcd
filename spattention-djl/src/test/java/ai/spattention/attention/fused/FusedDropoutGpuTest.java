package ai.spattention.attention.fused;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.spattention.SpAttentionBlock;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionDropout;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.GradientMode;
import ai.spattention.attention.RandomNumbers;
import ai.spattention.attention.auto.AutoKernel;
import ai.spattention.attention.conformance.ReferenceAttention;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.torch.Bfloat16;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Dropout of attention weights in the fused kernel on a GPU, against plain Java that drops the very same weights. */
class FusedDropoutGpuTest {

    private static final AttentionLayout SP = new AttentionLayout(StandardPattern.SP, LayoutLength.SEQUENCE);

    /** Batch, heads, key/value heads, queries, keys, head dimension. */
    private record Sizes(int batch, int heads, int kvHeads, int n, int m, int headDim) {}

    private NDManager manager;

    @BeforeAll
    static void needsAGpu() {
        boolean gpu = Engine.getEngine("PyTorch").getGpuCount() > 0;
        assumeTrue(gpu, "no GPU here");
        FusedKernel.unavailable(Device.gpu()).ifPresent(reason -> assumeTrue(false, reason));
    }

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager(Device.gpu(), "PyTorch");
    }

    @AfterEach
    void close() {
        manager.close();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "REFORMER")
    void dropsJustTheWeightsThatTheSeedSays(StandardPattern pattern) {
        List<Sizes> sizes = List.of(new Sizes(2, 4, 2, 150, 150, 64), new Sizes(1, 2, 2, 40, 133, 128), new Sizes(3, 2, 1, 17, 17, 32));
        long seed = 1L << 40;
        for (Sizes s : sizes) {
            for (boolean packed : new boolean[] {false, true}) {
                for (Numbers type : new Numbers[] {Numbers.BFLOAT16, Numbers.FLOAT32}) {
                    compare(new AttentionLayout(pattern, LayoutLength.SEQUENCE), s, type, packed, new AttentionDropout(0.3f, seed++));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyHeadDimensionDropsTheSame(Numbers type) {
        for (int headDim : new int[] {32, 64, 96, 128, 256}) {
            for (boolean packed : new boolean[] {false, true}) {
                for (StandardPattern pattern : new StandardPattern[] {StandardPattern.SP, StandardPattern.BIGBIRD}) {
                    compare(new AttentionLayout(pattern, LayoutLength.SEQUENCE), new Sizes(1, 3, 1, 200, 200, headDim), type, packed,
                            new AttentionDropout(0.1f, (1L << 53) - headDim));
                }
            }
        }
    }

    private void compare(AttentionLayout layout, Sizes s, Numbers type, boolean packed, AttentionDropout dropout) {
        String at = layout + " " + s + " " + type + (packed ? " packed " : " ") + dropout;
        try (NDManager scope = manager.newSubManager()) {
            NDArray q = type.of(scope.randomNormal(new Shape(s.batch, s.heads, s.n, s.headDim)));
            NDArray k = type.of(scope.randomNormal(new Shape(s.batch, s.kvHeads, s.m, s.headDim)));
            NDArray v = type.of(scope.randomNormal(k.getShape()));
            NDArray gradient = type.of(scope.randomNormal(q.getShape()));
            long[] ids = packed ? IntStream.range(0, s.batch * s.m).mapToLong(i -> i % s.m / 47).toArray() : null;
            NDArray documents = packed ? scope.create(ids, new Shape(s.batch, s.m)) : null;
            FusedKernel kernel = new FusedKernel();
            NDList found = kernel.forward(q, k, v, documents, layout, dropout);
            NDList gradients = kernel.backward(q, k, v, documents, layout, dropout, found, gradient);
            ReferenceAttention expected = new ReferenceAttention(s.batch, s.heads, s.kvHeads, s.n, s.m, s.headDim, doubles(q),
                    doubles(k), doubles(v), doubles(gradient), layout.headMasks(s.heads, s.m), ids, RandomNumbers.factors(dropout));
            assertNear(expected.output, found.get(0), type.values, at + ": output");
            assertNear(expected.queryGradient, gradients.get(0), type.gradients, at + ": queries' gradient");
            assertNear(expected.keyGradient, gradients.get(1), type.gradients, at + ": keys' gradient");
            assertNear(expected.valueGradient, gradients.get(2), type.gradients, at + ": values' gradient");
            NDList again = kernel.forward(q, k, v, documents, layout, dropout);
            assertSame(found.get(0), again.get(0), at + ": output");
            NDList gradientsAgain = kernel.backward(q, k, v, documents, layout, dropout, again, gradient);
            for (int i = 0; i < 3; i++) {
                assertSame(gradients.get(i), gradientsAgain.get(i), at + ": gradient " + i);
            }
        }
    }

    private static double[] doubles(NDArray array) {
        float[] values = Bfloat16.toFloat32(array).toFloatArray();
        return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
    }

    private static void assertNear(double[] expected, NDArray actual, double limit, String what) {
        double[] found = doubles(actual);
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += (found[i] - expected[i]) * (found[i] - expected[i]);
            norm += expected[i] * expected[i];
        }
        double error = Math.sqrt(difference / norm);
        assertTrue(error < limit, what + ": relative error " + error); // false for NaN
    }

    private static boolean same(NDArray first, NDArray second) {
        return Bfloat16.toFloat32(first).eq(Bfloat16.toFloat32(second)).all().getBoolean();
    }

    private static void assertSame(NDArray first, NDArray second, String what) {
        assertTrue(same(first, second), what + " differs the second time");
    }

    private NDArray leaf() {
        NDArray leaf = manager.randomNormal(new Shape(2, 2, 100, 64));
        leaf.setRequiresGradient(true);
        return leaf;
    }

    @Test
    void theEnginesAutogradDropsTheSameForwardAndBackward() {
        NDArray q = leaf();
        NDArray k = leaf();
        NDArray v = leaf();
        NDArray gradient = manager.randomNormal(q.getShape());
        Engine engine = Engine.getEngine("PyTorch");
        engine.setRandomSeed(9);
        AttentionDropout drawn = AttentionDropout.draw(0.2f);
        engine.setRandomSeed(9);
        FusedKernel kernel = new FusedKernel();
        try (GradientCollector collector = engine.newGradientCollector()) {
            NDArray first = kernel.attend(q, k, v, SP, 0.2f, true);
            NDArray second = kernel.attend(q, k, v, SP, 0.2f, true);
            NDList found = kernel.forward(q, k, v, null, SP, drawn);
            assertSame(found.get(0), first, "output");
            assertFalse(same(first, second), "the next call drops others");
            collector.backward(first.mul(gradient).sum());
            NDList gradients = kernel.backward(q, k, v, null, SP, drawn, found, gradient);
            assertSame(gradients.get(0), q.getGradient(), "queries' gradient");
            assertSame(gradients.get(1), k.getGradient(), "keys' gradient");
            assertSame(gradients.get(2), v.getGradient(), "values' gradient");
        }
        assertSame(kernel.attend(q, k, v, SP, 0, false), kernel.attend(q, k, v, SP, 0.2f, false), "inference");
    }

    @Test
    void finiteDifferencesAgree() {
        NDArray q = leaf();
        NDArray k = leaf();
        NDArray v = leaf();
        NDArray weights = manager.randomNormal(q.getShape());
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            collector.backward(attend(q, k, v).mul(weights).sum());
        }
        NDArray[] leaves = {q, k, v};
        for (int i = 0; i < 3; i++) {
            NDArray direction = manager.randomNormal(q.getShape());
            double slope = leaves[i].getGradient().mul(direction).sum().getFloat();
            float step = 1e-2f;
            NDArray[] up = leaves.clone();
            NDArray[] down = leaves.clone();
            up[i] = leaves[i].stopGradient().add(direction.mul(step));
            down[i] = leaves[i].stopGradient().sub(direction.mul(step));
            NDArray difference = attend(up[0], up[1], up[2]).sub(attend(down[0], down[1], down[2]));
            double measured = difference.mul(weights).sum().getFloat() / (2 * step);
            double size = leaves[i].getGradient().norm().getFloat(); // a slope's usual size: directions are normal
            assertEquals(slope, measured, 5e-3 * size, "argument " + i);
        }
    }

    /** The same weights are dropped each time. */
    private static NDArray attend(NDArray q, NDArray k, NDArray v) {
        Engine.getEngine("PyTorch").setRandomSeed(31);
        return new FusedKernel().attend(q, k, v, SP, 0.3f, true);
    }

    @Test
    void theMeanOfManySeedsIsTheOutputWithoutDropout() {
        NDArray q = manager.randomNormal(new Shape(1, 4, 128, 32));
        NDArray k = manager.randomNormal(q.getShape());
        NDArray v = manager.randomNormal(q.getShape());
        FusedKernel kernel = new FusedKernel();
        NDArray plain = kernel.attend(q, k, v, SP, 0, false);
        NDArray sum = manager.zeros(q.getShape());
        int calls = 1000;
        for (int seed = 0; seed < calls; seed++) {
            try (NDList found = kernel.forward(q, k, v, null, SP, new AttentionDropout(0.3f, seed))) {
                sum.addi(found.get(0));
            }
        }
        double error = sum.div(calls).sub(plain).norm().getFloat() / plain.norm().getFloat();
        // one call is off by at most sqrt(0.3 / 0.7) of a weight's share, 0.65; less where several keys are seen
        assertTrue(error > 0.001 && error < 0.65 / Math.sqrt(calls) * 1.2, "the mean is off by " + error);
    }

    @Test
    void aBlockWithDropoutKeepsTheFastPathInAPlainTrainer() throws Exception {
        AutoKernel auto = new AutoKernel();
        for (DataType type : new DataType[] {DataType.FLOAT32, DataType.BFLOAT16}) {
            for (GradientMode gradients : new GradientMode[] {GradientMode.ENGINE, GradientMode.EXPLICIT}) {
                AutoKernel.Choice choice = auto.choose(new AttentionCall(SP, Device.gpu(), type, 4, 4, 256, 256, 32, false, true, gradients));
                assertEquals("fused", choice.kernel().name(), type + " " + gradients + ": " + choice.passedOver());
            }
        }
        float[] losses = new float[2];
        try (Model model = Model.newInstance("dropout", Device.gpu(), "PyTorch")) {
            model.setBlock(new SequentialBlock().add(Linear.builder().setUnits(128).build()).add(SpAttentionBlock.builder()
                    .setModelDim(128).setNumHeads(4).setPattern(StandardPattern.SP).optRotaryEmbedding(10_000).optDropout(0.1f)
                    .optKernel(auto).build()).add(Linear.builder().setUnits(3).build()));
            DefaultTrainingConfig config = new DefaultTrainingConfig(Loss.l2Loss()).optDevices(new Device[] {Device.gpu()})
                    .optOptimizer(Optimizer.adam().optLearningRateTracker(Tracker.fixed(0.003f)).build());
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(new Shape(4, 256, 3));
                NDManager data = model.getNDManager();
                NDArray signal = data.randomNormal(new Shape(16, 256, 3));
                NDArray delayed = data.zeros(new Shape(16, 3, 3)).concat(signal.get(":, :253"), 1);
                for (int i = 0; i < 2; i++) {
                    losses[i] = trainer.getLoss().evaluate(new NDList(delayed), trainer.evaluate(new NDList(signal))).getFloat();
                    EasyTrain.fit(trainer, 20, new ArrayDataset.Builder().setData(signal).optLabels(delayed).setSampling(4, false)
                            .build(), null);
                }
            }
        }
        assertTrue(losses[1] < 0.95 * losses[0], "the loss went from " + losses[0] + " to " + losses[1]);
    }
}
