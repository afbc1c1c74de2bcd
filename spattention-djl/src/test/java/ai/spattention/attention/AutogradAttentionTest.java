package ai.spattention.attention;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.spattention.SpAttentionBlock;
import ai.spattention.attention.engine.MaskedKernel;
import ai.spattention.attention.fused.FusedKernel;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.torch.AutogradOperator;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A kernel's own backward pass under libtorch's autograd, in float32 on a CPU: what the GPU's kernels rely on. */
class AutogradAttentionTest {

    private static final int DIM = 16;
    private static final int LENGTH = 24;

    @ParameterizedTest
    @EnumSource(StandardPattern.class)
    void gradientsAreThoseOfTheMaskedKernel(StandardPattern pattern) {
        for (LayoutLength layout : List.of(LayoutLength.SEQUENCE, LayoutLength.of(20))) {
            KernelAgreement agreement = new KernelAgreement(Device.cpu(), new AttentionLayout(pattern, layout), DataType.FLOAT32);
            for (boolean packed : new boolean[] {false, true}) {
                agreement.check(new ReferenceKernel(), new MaskedKernel(), new KernelAgreement.Sizes(2, 4, 2, 29, 8, true), packed, 1e-5);
                agreement.check(new ReferenceKernel(), new MaskedKernel(), new KernelAgreement.Sizes(1, 1, 1, 1, 3, false), packed, 1e-5);
            }
        }
    }

    @Test
    void theFusedKernelSaysWhatKeepsItFromAPlainTrainer() {
        assertEquals(Optional.empty(), AutogradOperator.unsupported(Device.gpu()));
        assertEquals(new FusedKernel(), new FusedKernel(), "the operator keeps one, however many blocks there are");
    }

    /** A pre-norm transformer of DJL's own blocks; four layers let gradients meet in the residual stream. */
    private static Block transformer(AttentionKernel kernel, int kvHeads) {
        SequentialBlock network = new SequentialBlock().add(Linear.builder().setUnits(DIM).build());
        for (int layer = 0; layer < 4; layer++) {
            network.add(residual(new SequentialBlock().add(LayerNorm.builder().build()).add(SpAttentionBlock.builder()
                    .setModelDim(DIM).setNumHeads(4).optNumKvHeads(kvHeads).setPattern(StandardPattern.SP)
                    .optLayoutLength(LayoutLength.of(LENGTH)).optRotaryEmbedding(10_000).optKernel(kernel).build())));
            network.add(residual(new SequentialBlock().add(LayerNorm.builder().build())
                    .add(Linear.builder().setUnits(2 * DIM).build()).add(Activation::relu)
                    .add(Linear.builder().setUnits(DIM).build())));
        }
        return network.add(LayerNorm.builder().build()).add(Linear.builder().setUnits(3).build());
    }

    private static Block residual(Block inner) {
        return new ParallelBlock(lists -> new NDList(lists.get(0).singletonOrThrow().add(lists.get(1).singletonOrThrow())),
                List.of(inner, Blocks.identityBlock()));
    }

    private static float trained(AttentionKernel kernel, int kvHeads) throws Exception {
        Engine.getEngine("PyTorch").setRandomSeed(7);
        try (Model model = Model.newInstance("transformer", Device.cpu(), "PyTorch")) {
            model.setBlock(transformer(kernel, kvHeads));
            DefaultTrainingConfig config = new DefaultTrainingConfig(Loss.l2Loss()).optDevices(new Device[] {Device.cpu()})
                    .optOptimizer(Optimizer.adam().optLearningRateTracker(Tracker.fixed(0.003f)).build());
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(new Shape(4, LENGTH, 3));
                NDManager manager = model.getNDManager();
                NDArray signal = manager.randomNormal(new Shape(16, LENGTH, 3));
                NDArray delayed = manager.zeros(new Shape(16, 12, 3)).concat(signal.get(":, :" + (LENGTH - 12)), 1);
                EasyTrain.fit(trainer, 3, new ArrayDataset.Builder().setData(signal).optLabels(delayed).setSampling(4, false)
                        .build(), null);
                return trainer.getLoss().evaluate(new NDList(delayed), trainer.evaluate(new NDList(signal))).getFloat();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 2})
    void aPlainTrainerLearnsTheSame(int kvHeads) throws Exception {
        float expected = trained(new MaskedKernel(), kvHeads);
        assertEquals(expected, trained(new ReferenceKernel(), kvHeads), 1e-4 * expected);
    }

    @ParameterizedTest
    @ValueSource(floats = {0, 0.4f})
    void finiteDifferencesAgree(float dropout) {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            AttentionLayout layout = new AttentionLayout(StandardPattern.SP, LayoutLength.SEQUENCE);
            NDArray q = manager.randomNormal(new Shape(1, 2, 9, 4));
            NDArray k = manager.randomNormal(new Shape(1, 2, 9, 4));
            NDArray v = manager.randomNormal(new Shape(1, 2, 9, 4));
            NDArray direction = manager.randomNormal(q.getShape());
            NDArray weights = manager.randomNormal(q.getShape());
            q.setRequiresGradient(true);
            try (var collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                collector.backward(attend(q, k, v, layout, dropout).mul(weights).sum());
            }
            float slope = q.getGradient().mul(direction).sum().getFloat();
            float step = 1e-2f;
            float up = attend(q.stopGradient().add(direction.mul(step)), k, v, layout, dropout).mul(weights).sum().getFloat();
            float down = attend(q.stopGradient().sub(direction.mul(step)), k, v, layout, dropout).mul(weights).sum().getFloat();
            assertArrayEquals(new float[] {slope}, new float[] {(up - down) / (2 * step)}, 2e-3f * Math.max(1, Math.abs(slope)));
            assertTrue(Math.abs(slope) > 1e-3, "a slope to compare");
        }
    }

    /** The same weights are dropped each time. */
    private static NDArray attend(NDArray q, NDArray k, NDArray v, AttentionLayout layout, float dropout) {
        Engine.getEngine("PyTorch").setRandomSeed(31);
        return new ReferenceKernel().attend(q, k, v, layout, dropout, true);
    }

    @Test
    void dropoutIsDrawnAnewForEachCallAndRepeatsWithTheEnginesSeed() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            Engine.getEngine("PyTorch").setRandomSeed(5);
            AttentionLayout layout = new AttentionLayout(StandardPattern.SP, LayoutLength.SEQUENCE);
            NDArray q = manager.randomNormal(new Shape(1, 2, 9, 4));
            NDArray k = manager.randomNormal(new Shape(1, 1, 9, 4));
            NDArray v = manager.randomNormal(new Shape(1, 1, 9, 4));
            ReferenceKernel kernel = new ReferenceKernel();
            NDArray plain = kernel.attend(q, k, v, layout, 0, true);
            NDArray first = attend(q, k, v, layout, 0.4f);
            NDArray second = kernel.attend(q, k, v, layout, 0.4f, true);
            assertNotEquals(plain, first);
            assertNotEquals(first, second);
            assertEquals(first, attend(q, k, v, layout, 0.4f));
            assertEquals(second, kernel.attend(q, k, v, layout, 0.4f, true));
            assertEquals(plain, kernel.attend(q, k, v, layout, 0.4f, false), "inference drops nothing");
            NDArray sum = manager.zeros(q.getShape());
            int calls = 2000;
            for (int i = 0; i < calls; i++) {
                try (NDArray result = kernel.attend(q, k, v, layout, 0.4f, true)) {
                    sum.addi(result);
                }
            }
            float difference = sum.div(calls).sub(plain).abs().max().getFloat();
            assertTrue(difference < 0.15, "the mean of many calls is off by " + difference);
        }
    }
}
