package ai.spattention;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.StackBatchifier;
import ai.djl.util.cuda.CudaUtils;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.engine.MaskedKernel;
import ai.spattention.attention.engine.TiledKernel;
import ai.spattention.attention.fused.FusedKernel;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The fused kernel over many steps of DJL's ordinary Trainer on a GPU; on a CPU the tests of AutogradOperator stand for these. (Two trainers
 * at the same time cannot be: DJL collects gradients once a process.)
 */
class PlainTrainerGpuTest {

    private static final int LAYERS = 4;
    private static final int DIM = 256;
    private static final Shape INPUT = new Shape(4, 200, DIM);

    @BeforeAll
    static void needsAGpu() {
        assumeTrue(Engine.getEngine("PyTorch").getGpuCount() > 0, "no GPU here");
        FusedKernel.unavailable(Device.gpu()).ifPresent(reason -> assumeTrue(false, reason));
    }

    /** Losses of a residual model that learns to give each position the running mean of the positions before it. */
    private static double[] train(AttentionKernel kernel, int dataSeed, int steps) {
        SequentialBlock network = new SequentialBlock();
        for (int layer = 0; layer < LAYERS; layer++) {
            network.add(new ParallelBlock(list -> new NDList(list.get(0).head().add(list.get(1).head())))
                    .add(new SequentialBlock().add(arrays -> arrays))
                    .add(SpAttentionBlock.builder().setModelDim(DIM).setNumHeads(4).setPattern(StandardPattern.SP).optKernel(kernel).build()));
        }
        network.add(Linear.builder().setUnits(DIM).build());
        double[] losses = new double[steps];
        try (Model model = Model.newInstance("residual", Device.gpu(), "PyTorch")) {
            model.setBlock(network);
            Engine.getEngine("PyTorch").setRandomSeed(1); // the same initial weights
            try (Trainer trainer = model.newTrainer(new DefaultTrainingConfig(Loss.l2Loss()).optDevices(new Device[] {Device.gpu()})
                    .optOptimizer(Optimizer.adam().optLearningRateTracker(Tracker.fixed(1e-3f)).build()))) {
                trainer.initialize(INPUT);
                Engine.getEngine("PyTorch").setRandomSeed(dataSeed);
                for (int step = 0; step < steps; step++) {
                    NDManager manager = trainer.getManager().newSubManager();
                    NDArray data = manager.randomNormal(INPUT);
                    NDArray counts = manager.arange(1, INPUT.get(1) + 1, 1, DataType.FLOAT32).reshape(1, -1, 1);
                    NDArray labels = data.cumSum(1).div(counts);
                    try (Batch batch = new Batch(manager, new NDList(data), new NDList(labels), (int) INPUT.get(0), new StackBatchifier(),
                            new StackBatchifier(), 0, 1)) {
                        EasyTrain.trainBatch(trainer, batch);
                        trainer.step();
                        losses[step] = trainer.getLoss().evaluate(new NDList(labels), trainer.evaluate(new NDList(data))).getFloat();
                    }
                }
            }
        }
        return losses;
    }

    private static double last(double[] losses) {
        double sum = 0;
        for (int i = losses.length - 50; i < losses.length; i++) {
            sum += losses[i] / 50;
        }
        return sum;
    }

    /** How far the losses of two runs lie apart on average, as a part of the loss. */
    private static double apart(double[] losses, double[] others) {
        double sum = 0;
        for (int step = 0; step < losses.length; step++) {
            sum += Math.abs(losses[step] - others[step]) / others[step] / losses.length;
        }
        return sum;
    }

    /**
     * Adam's first step moves every weight by the learning rate, however small its gradient, so that rounding alone parts two runs from
     * there on. How far, two kernels of libtorch's own operators tell.
     */
    @Test
    void threeHundredStepsPartNoFurtherThanRoundingDoes() {
        double[] fused = train(new FusedKernel(), 7, 300);
        double[] tiled = train(new TiledKernel(), 7, 300);
        double rounding = apart(train(new MaskedKernel(), 7, 300), tiled);
        double distance = apart(fused, tiled);
        assertTrue(distance <= 2 * rounding, "fused and tiled: " + distance + ", masked and tiled: " + rounding);
        assertEquals(last(tiled), last(fused), 0.05 * last(tiled), "the last fifty steps");
    }

    /** What 200 forward and backward passes give, under autograd. */
    private static double[] sums(AttentionLayout layout, int seed) {
        double[] sums = new double[200];
        try (NDManager manager = NDManager.newBaseManager(Device.gpu(), "PyTorch")) {
            float[] values = new float[2 * 4 * 150 * 64];
            Random random = new Random(seed);
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian();
            }
            NDArray queries = manager.create(values, new Shape(2, 4, 150, 64));
            queries.setRequiresGradient(true);
            for (int call = 0; call < sums.length; call++) {
                try (NDManager scope = manager.newSubManager();
                        GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                    NDArray copy = queries.mul(1);
                    NDArray result = new FusedKernel().attend(copy, queries.mul(0.5f), queries.mul(2), null, layout, 0, true);
                    result.attach(scope);
                    collector.backward(result.mul(result).sum());
                    NDArray gradient = queries.getGradient();
                    sums[call] = gradient.mul(gradient).sum().getFloat();
                }
            }
        }
        return sums;
    }

    @Test
    void memoryIsFlatOverFiftyThousandCalls() {
        AttentionLayout layout = new AttentionLayout(StandardPattern.SP, LayoutLength.SEQUENCE);
        long[] used = new long[2];
        for (int part = 0; part < 2; part++) {
            for (int i = 0; i < 125; i++) {
                sums(layout, 5); // 200 calls
            }
            used[part] = CudaUtils.getGpuMemory(Device.gpu()).getCommitted();
        }
        assertTrue(used[1] - used[0] <= 32L << 20, "GPU memory grew from " + used[0] + " to " + used[1] + " bytes");
    }
}
