package ai.spattention.examples;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.spattention.SpAttentionBlock;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.Patterns;

/**
 * Classifies long sequences by a symbol near their beginning, from what the last position sees. The attention block is one block
 * among others in a plain DJL model.
 */
public final class LongRangeClassification {

    private static final int MODEL_DIM = 32;

    private LongRangeClassification() {}

    /**
     * Trains and prints how many unseen sequences were classified rightly.
     *
     * @param arguments settings as {@code name=value}
     * @throws Exception if training fails
     */
    public static void main(String[] arguments) throws Exception {
        Options options = Options.of(arguments, "device=cpu", "pattern=sp", "length=256", "heads=4", "sequences=512", "epochs=6");
        AttentionPattern pattern = Patterns.onClassPath().of(options.text("pattern"));
        float accuracy = train(options.device(), pattern, options.number("length"), options.number("heads"),
                options.number("sequences"), options.number("epochs"));
        System.out.printf("%s: %.1f %% of unseen sequences classified rightly, by chance it would be %.1f %%%n",
                pattern.patternName(), 100 * accuracy, 100.0 / Needles.CLASSES);
    }

    static float train(Device device, AttentionPattern pattern, int length, int heads, int sequences, int epochs) throws Exception {
        try (Model model = Model.newInstance("long-range", device, "PyTorch")) {
            model.getNDManager().getEngine().setRandomSeed(1);
            model.setBlock(network(pattern, length, heads));
            int batch = 16;
            int beginning = Math.max(1, length / 8); // where the needle is: far from the last position
            Dataset training = Needles.dataset(model.getNDManager(), sequences, length, beginning, batch, 1);
            Dataset unseen = Needles.dataset(model.getNDManager(), 128, length, beginning, batch, 2);
            DefaultTrainingConfig config = new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                    .addEvaluator(new Accuracy())
                    .optDevices(new Device[] {device})
                    .optOptimizer(Optimizer.adam().optLearningRateTracker(Tracker.fixed(0.01f)).build())
                    .addTrainingListeners(TrainingListener.Defaults.basic());
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(new Shape(batch, length));
                EasyTrain.fit(trainer, epochs, training, unseen);
                return trainer.getTrainingResult().getValidateEvaluation("Accuracy");
            }
        }
    }

    private static SequentialBlock network(AttentionPattern pattern, int length, int heads) {
        SpAttentionBlock attention = SpAttentionBlock.builder()
                .setModelDim(MODEL_DIM)
                .setNumHeads(heads)
                .setPattern(pattern)
                .optLayoutLength(LayoutLength.of(length))
                .build();
        return new SequentialBlock()
                .addSingleton(symbols -> symbols.oneHot(Needles.SYMBOLS)) // [B, N] to [B, N, symbols]
                .add(Linear.builder().setUnits(MODEL_DIM).build())
                .add(attention)
                .addSingleton(hidden -> hidden.get(":, -1")) // the last position has seen the sequence: [B, E]
                .add(Linear.builder().setUnits(MODEL_DIM).build())
                .add(Activation::relu)
                .add(Linear.builder().setUnits(Needles.CLASSES).build());
    }
}
