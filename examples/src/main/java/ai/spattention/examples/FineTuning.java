package ai.spattention.examples;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.spattention.Precision;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.generate.OlmoeTextGeneration;
import ai.spattention.olmoe.loss.OlmoeLoss;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.olmoe.tokenizer.Tokenizers;
import ai.spattention.segment.SegmentedBlock;
import ai.spattention.segment.SegmentedTrainer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.UnaryOperator;

/** Trains a model folder further on a text, and writes the result as a model folder. */
public final class FineTuning {

    private static final String PROMPT = "Every head ";

    /** What is learned where no text is named. */
    private static final String SONG = (PROMPT + "looks at its own band of distances. The first sees what is near, the last what is far"
            + " away. Together they see everything once. ").repeat(16);

    private FineTuning() {}

    /**
     * Trains and prints the loss, and what the model says before and after.
     *
     * @param arguments settings as {@code name=value}
     * @throws Exception if training fails
     */
    public static void main(String[] arguments) throws Exception {
        Options options = Options.of(arguments, "device=cpu", "model=", "text=", "folder=", "length=64", "batch=8", "epochs=25",
                "rate=0.003", "precision=float32", "trainer=segmented");
        Path origin = TinyModel.folderOr(options.text("model"));
        Path folder = options.text("folder").isEmpty() ? Files.createTempDirectory("fine-tuned").resolve("model")
                : Path.of(options.text("folder"));
        String text = options.text("text").isEmpty() ? SONG : Files.readString(Path.of(options.text("text")));
        System.out.println("before: " + PROMPT + say(options.device(), origin));
        float loss = tune(options, origin, text, folder);
        System.out.println("after:  " + PROMPT + say(options.device(), folder));
        System.out.printf("loss of the last epoch %.3f; the model is in %s%n", loss, folder);
    }

    /** Loads, trains and saves; the mean loss of the last epoch, in nats a token, routers' losses included. */
    static float tune(Options options, Path origin, String text, Path folder) throws Exception {
        Device device = options.device();
        boolean segmented = options.choice("trainer", "segmented", "plain").equals("segmented");
        Precision precision = options.choice("precision", "float32", "bfloat16").equals("float32") ? Precision.FLOAT32 : Precision.BFLOAT16;
        int length = options.number("length");
        int batch = options.number("batch");
        try (Model model = Model.newInstance("fine-tuned", device, "PyTorch"); Tokenizer tokenizer = Tokenizers.load(origin, null)) {
            OlmoeModel olmoe = HuggingFaceFolder.load(origin, model.getNDManager(), UnaryOperator.identity(),
                    builder -> builder.optPrecision(precision));
            OlmoeConfig olmoeConfig = olmoe.getConfig();
            model.setBlock(segmented ? new SegmentedBlock(olmoe) : olmoe);
            ArrayDataset data = sequences(model.getNDManager(), tokenizer.encodeOrdinary(text), length, batch);
            DefaultTrainingConfig config = new DefaultTrainingConfig(
                    new OlmoeLoss(olmoeConfig.routerAuxLossCoef(), olmoeConfig.routerZLossCoef()))
                    .optDevices(new Device[] {device})
                    .optOptimizer(Optimizer.adam().optLearningRateTracker(Tracker.fixed(Float.parseFloat(options.text("rate")))).build())
                    .addTrainingListeners(TrainingListener.Defaults.basic());
            try (Trainer trainer = segmented ? new SegmentedTrainer(model, config) : model.newTrainer(config)) {
                trainer.initialize(new Shape(batch, length)); // the weights stay what was loaded
                EasyTrain.fit(trainer, options.number("epochs"), data, null);
                HuggingFaceFolder.save(olmoe, folder, TensorType.F32, origin);
                return trainer.getTrainingResult().getTrainLoss();
            }
        }
    }

    /** Cuts the text into sequences [N]; what each position is to predict is the token after it. */
    private static ArrayDataset sequences(NDManager manager, int[] tokens, int length, int batch) {
        int count = (tokens.length - 1) / length;
        if (count == 0) {
            throw new InvalidInputException("the text has " + tokens.length + " tokens, fewer than length=" + length + " and one more");
        }
        long[] ids = Arrays.stream(tokens).asLongStream().toArray();
        Shape shape = new Shape(count, length);
        return new ArrayDataset.Builder()
                .setData(manager.create(Arrays.copyOf(ids, count * length), shape))
                .optLabels(manager.create(Arrays.copyOfRange(ids, 1, count * length + 1), shape))
                .setSampling(batch, true).build();
    }

    private static String say(Device device, Path folder) throws Exception {
        try (var model = OlmoeTextGeneration.criteria(folder).optDevice(device).optArgument("maxNewTokens", 60).build().loadModel();
                var predictor = model.newPredictor()) {
            return predictor.predict(PROMPT);
        }
    }
}
