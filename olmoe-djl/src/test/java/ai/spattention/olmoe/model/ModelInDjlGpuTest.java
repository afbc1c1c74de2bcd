package ai.spattention.olmoe.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.spattention.Precision;
import ai.spattention.olmoe.TestConfigs;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.generate.GeneratedText;
import ai.spattention.olmoe.generate.OlmoeTextGeneration;
import ai.spattention.olmoe.loss.OlmoeLoss;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.segment.SegmentedBlock;
import ai.spattention.segment.SegmentedTrainer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model folder on a GPU against the same on the processor: fine-tuned in either trainer, moved, in float16, as text. */
class ModelInDjlGpuTest {

    private static final int BATCH = 4;
    private static final int LENGTH = 192;

    @TempDir
    private static Path root;

    private static Path folder;

    @BeforeAll
    static void write() throws Exception {
        assumeTrue(Engine.getEngine("PyTorch").getGpuCount() > 0, "skipped: no GPU here");
        OlmoeConfig config = TestConfigs.small().setVocabSize(257).setHiddenSize(256).setIntermediateSize(128).setNumExperts(8)
                .setMaxPositionEmbeddings(256).optLayoutLength(LayoutLength.of(256)).optInitializerRange(0.05f).build();
        folder = root.resolve("model");
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel block = OlmoeModel.builder().setConfig(config).optSeed(1).build();
            block.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
            HuggingFaceFolder.save(block, folder, TensorType.F32, HuggingFaceFolder.DEFAULT_SHARD_BYTES);
        }
        Files.writeString(folder.resolve("tokenizer.json"), new ByteTokenizer().toJson());
    }

    private static long[] ids() {
        long[] ids = new long[BATCH * LENGTH];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (i * 7L + i * i / 3) % 251;
        }
        return ids;
    }

    private static float[] logits(NDManager manager, OlmoeModel block) {
        try (NDManager scope = manager.newSubManager()) {
            NDArray logits = block.forward(new ParameterStore(scope, false), scope.create(ids(), new Shape(BATCH, LENGTH)), false).logits();
            return logits.toType(DataType.FLOAT32, false).toFloatArray();
        }
    }

    private static double error(float[] expected, float[] actual) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += Math.pow(expected[i] - actual[i], 2);
            norm += Math.pow(expected[i], 2);
        }
        return Math.sqrt(difference / norm);
    }

    /** The mean loss of each of a few epochs of one batch. */
    private static float[] tune(Device device, boolean segmented, Precision precision) throws Exception {
        try (Model model = Model.newInstance("tuned", device, "PyTorch")) {
            OlmoeModel block = HuggingFaceFolder.load(folder, model.getNDManager(), UnaryOperator.identity(),
                    builder -> builder.optPrecision(precision));
            model.setBlock(segmented ? new SegmentedBlock(block) : block);
            DefaultTrainingConfig config = new DefaultTrainingConfig(new OlmoeLoss(0.01, 0)).optDevices(new Device[] {device})
                    .optOptimizer(Optimizer.adam().optLearningRateTracker(Tracker.fixed(0.001f)).build())
                    .addTrainingListeners(TrainingListener.Defaults.basic());
            float[] losses = new float[5];
            try (Trainer trainer = segmented ? new SegmentedTrainer(model, config) : model.newTrainer(config)) {
                trainer.initialize(new Shape(BATCH, LENGTH));
                NDArray ids = trainer.getManager().create(ids(), new Shape(BATCH, LENGTH));
                ArrayDataset data = new ArrayDataset.Builder().setData(ids).optLabels(ids.duplicate()).setSampling(BATCH, false).build();
                for (int i = 0; i < losses.length; i++) {
                    EasyTrain.fit(trainer, 1, data, null);
                    losses[i] = trainer.getTrainingResult().getTrainLoss();
                }
            }
            return losses;
        }
    }

    @Test
    void eitherTrainerLearnsAsOnAProcessor() throws Exception {
        float[] expected = tune(Device.cpu(), false, Precision.FLOAT32);
        assertTrue(expected[4] < 0.9 * expected[0], expected[0] + " fell to " + expected[4]);
        for (boolean segmented : new boolean[] {false, true}) {
            for (Precision precision : Precision.values()) {
                float[] losses = tune(Device.gpu(), segmented, precision);
                for (int i = 0; i < losses.length; i++) {
                    assertEquals(expected[i], losses[i], (precision == Precision.FLOAT32 ? 1e-3 : 2e-2) * expected[i],
                            (segmented ? "segmented " : "plain ") + precision + ", epoch " + i);
                }
            }
        }
    }

    @Test
    void whatWasSavedOnOneDeviceIsLoadedOnAnother() throws Exception {
        Path saved = root.resolve("saved");
        float[] expected;
        try (Model model = Model.newInstance("saved", Device.cpu(), "PyTorch")) {
            OlmoeModel block = HuggingFaceFolder.load(folder, model.getNDManager());
            model.setBlock(block);
            model.save(saved, null);
            expected = logits(model.getNDManager(), block);
        }
        try (Model model = Model.newInstance("saved", Device.gpu(), "PyTorch")) {
            OlmoeModel block = OlmoeModel.builder().setConfig(config()).build();
            model.setBlock(block);
            model.load(saved);
            double error = error(expected, logits(model.getNDManager(), block));
            assertTrue(error < 2e-4, "relative error " + error);
        }
    }

    private static OlmoeConfig config() throws Exception {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            return HuggingFaceFolder.load(folder, manager).getConfig();
        }
    }

    @Test
    void float16IsClose() throws Exception {
        try (NDManager processor = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                NDManager gpu = NDManager.newBaseManager(Device.gpu(), "PyTorch")) {
            float[] expected = logits(processor, HuggingFaceFolder.load(folder, processor));
            OlmoeModel block = OlmoeModel.builder().setConfig(config()).optSeed(1).build();
            block.initialize(gpu, DataType.FLOAT16, new Shape(-1, LENGTH));
            double error = error(expected, logits(gpu, block));
            assertTrue(error < 1e-2, "relative error " + error);
        }
    }

    @Test
    void textsAreGeneratedThere() throws Exception {
        String[] texts = new String[2];
        Device[] devices = {Device.cpu(), Device.gpu()};
        for (int i = 0; i < 2; i++) {
            var criteria = OlmoeTextGeneration.criteria(folder).setTypes(String.class, GeneratedText.class).optDevice(devices[i])
                    .optArgument("maxNewTokens", 12).build();
            try (ZooModel<String, GeneratedText> model = criteria.loadModel(); var predictor = model.newPredictor();
                    GeneratedText text = predictor.streamingPredict("public static").getIterativeOutput()) {
                StringBuilder all = new StringBuilder();
                text.forEachRemaining(all::append);
                texts[i] = all.toString();
            }
        }
        assertEquals(texts[0], texts[1]);
    }
}
