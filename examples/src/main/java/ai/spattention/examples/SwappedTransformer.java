package ai.spattention.examples;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.nn.transformer.ScaledDotProductAttentionBlock;
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
import ai.spattention.pattern.StandardPattern;
import java.util.List;
import java.util.function.Supplier;

/** A transformer of DJL's blocks, trained with DJL's own attention and with that of this project: nothing else differs. */
public final class SwappedTransformer {

    private SwappedTransformer() {}

    /** What training gave: the seconds of the last epoch with its validation, and the accuracy on unseen sequences. */
    record Result(double epochSeconds, float accuracy) {}

    /**
     * Trains both and prints a table.
     *
     * @param arguments settings as {@code name=value}
     * @throws Exception if training fails
     */
    public static void main(String[] arguments) throws Exception {
        Options options = Options.of(arguments, "device=cpu", "length=256", "dim=32", "heads=4", "layers=2", "sequences=256",
                "epochs=4");
        int dim = options.number("dim");
        int heads = options.number("heads");
        System.out.printf("%-12s %14s %10s%n", "attention", "s an epoch", "accuracy");
        print("DJL's", train(options, () -> new CausallyMasked(ScaledDotProductAttentionBlock.builder()
                .setEmbeddingSize(dim).setHeadCount(heads).optAttentionProbsDropoutProb(0).build())));
        for (StandardPattern pattern : List.of(StandardPattern.CAUSAL, StandardPattern.SP)) {
            print(pattern.patternName(), train(options, () -> SpAttentionBlock.builder()
                    .setEmbeddingSize(dim).setHeadCount(heads).setPattern(pattern).optBias(true).build()));
        }
    }

    private static void print(String attention, Result result) {
        System.out.printf("%-12s %14.2f %8.1f %%%n", attention, result.epochSeconds, 100 * result.accuracy);
    }

    static Result train(Options options, Supplier<Block> attention) throws Exception {
        Device device = options.device();
        int length = options.number("length");
        int batch = 8;
        try (Model model = Model.newInstance("transformer", device, "PyTorch")) {
            model.getNDManager().getEngine().setRandomSeed(1);
            model.setBlock(transformer(options.number("layers"), options.number("dim"), attention));
            Dataset training = Needles.dataset(model.getNDManager(), options.number("sequences"), length, length, batch, 1);
            Dataset unseen = Needles.dataset(model.getNDManager(), 64, length, length, batch, 2);
            DefaultTrainingConfig config = new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                    .addEvaluator(new Accuracy())
                    .optDevices(new Device[] {device})
                    .optOptimizer(Optimizer.adam().optLearningRateTracker(Tracker.fixed(0.005f)).build())
                    .addTrainingListeners(TrainingListener.Defaults.basic());
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(new Shape(batch, length));
                EasyTrain.fit(trainer, options.number("epochs") - 1, training, null);
                long start = System.nanoTime();
                EasyTrain.fit(trainer, 1, training, unseen); // by now everything is warm
                double seconds = (System.nanoTime() - start) / 1e9;
                return new Result(seconds, trainer.getTrainingResult().getValidateEvaluation("Accuracy"));
            }
        }
    }

    private static Block transformer(int layers, int dim, Supplier<Block> attention) {
        SequentialBlock network = new SequentialBlock()
                .addSingleton(symbols -> symbols.oneHot(Needles.SYMBOLS)) // [B, N] to [B, N, symbols]
                .add(Linear.builder().setUnits(dim).build());
        for (int layer = 0; layer < layers; layer++) {
            network.add(residual(attention.get()));
            network.add(residual(Linear.builder().setUnits(4L * dim).build(), Activation.geluBlock(),
                    Linear.builder().setUnits(dim).build()));
        }
        return network.addSingleton(hidden -> hidden.get(":, -1")) // the last position has seen the sequence: [B, E]
                .add(Linear.builder().setUnits(Needles.CLASSES).build());
    }

    /** Adds to its input what the blocks make of it, after normalisation. */
    private static Block residual(Block... blocks) {
        SequentialBlock branch = new SequentialBlock().add(LayerNorm.builder().axis(2).build()).addAll(blocks);
        return new ParallelBlock(both -> new NDList(both.get(0).head().add(both.get(1).head())),
                List.of(Blocks.identityBlock(), branch));
    }
}
