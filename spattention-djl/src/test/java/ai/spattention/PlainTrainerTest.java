package ai.spattention;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.StackBatchifier;
import ai.spattention.attention.engine.TiledKernel;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * The block in a plain DJL Trainer learns to name the symbol that stood 40 positions before, which only a pattern that
 * reaches so far can do.
 */
class PlainTrainerTest {

    private static final int LENGTH = 64;
    private static final int BACK = 40;
    private static final int SYMBOLS = 8;
    private static final int BATCH = 16;

    @Test
    void learnsATaskThatNeedsLongDistances() throws Exception {
        float far = train(StandardPattern.SP);
        float near = train(StandardPattern.LOCAL);
        assertTrue(far < 0.25, "with the heads' own bands the loss is " + far);
        assertTrue(near > 1.8, "a local window cannot know the symbol, yet its loss is " + near + " (chance " + Math.log(SYMBOLS) + ")");
    }

    private static float train(StandardPattern pattern) throws Exception {
        SpAttentionBlock attention = SpAttentionBlock.builder().setModelDim(32).setNumHeads(4).setPattern(pattern)
                .optLayoutLength(LayoutLength.of(LENGTH)).optRotaryEmbedding(10_000).optKernel(new TiledKernel(16)).build();
        SequentialBlock network = new SequentialBlock().add(Linear.builder().setUnits(32).build()).add(attention)
                .add(Linear.builder().setUnits(32).build()).add(Activation::relu)
                .add(Linear.builder().setUnits(SYMBOLS).build());
        try (Model model = Model.newInstance("copy", Device.cpu(), "PyTorch")) {
            model.setBlock(network);
            DefaultTrainingConfig config = new DefaultTrainingConfig(new FarLoss())
                    .optDevices(new Device[] {Device.cpu()})
                    .optOptimizer(Optimizer.adam().optLearningRateTracker(Tracker.fixed(0.005f)).build());
            model.getNDManager().getEngine().setRandomSeed(5);
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(new Shape(BATCH, LENGTH, SYMBOLS));
                Random random = new Random(1);
                for (int step = 0; step < 350; step++) {
                    try (Batch batch = batch(trainer.getManager(), random)) {
                        EasyTrain.trainBatch(trainer, batch);
                        trainer.step();
                    }
                }
                try (Batch batch = batch(trainer.getManager(), random)) {
                    NDList predictions = trainer.evaluate(batch.getData());
                    return trainer.getLoss().evaluate(batch.getLabels(), predictions).getFloat();
                }
            }
        }
    }

    /** One-hot symbols as input; as label the symbol BACK positions earlier. */
    private static Batch batch(NDManager parent, Random random) {
        NDManager manager = parent.newSubManager();
        float[] symbols = new float[BATCH * LENGTH];
        for (int i = 0; i < symbols.length; i++) {
            symbols[i] = random.nextInt(SYMBOLS);
        }
        NDArray input = manager.create(symbols, new Shape(BATCH, LENGTH));
        NDArray labels = input.get(":, :" + (LENGTH - BACK));
        return new Batch(manager, new NDList(input.oneHot(SYMBOLS)), new NDList(labels), BATCH, new StackBatchifier(),
                new StackBatchifier(), 0, 1);
    }

    /** Cross-entropy over the positions whose answer has been seen. */
    private static final class FarLoss extends Loss {

        FarLoss() {
            super("far");
        }

        @Override
        public NDArray evaluate(NDList labels, NDList predictions) {
            NDArray logits = predictions.head().get(":, " + BACK + ":").logSoftmax(-1);
            NDArray target = labels.head().toType(DataType.INT64, false).expandDims(-1);
            return logits.gather(target, 2).mean().neg();
        }
    }
}
