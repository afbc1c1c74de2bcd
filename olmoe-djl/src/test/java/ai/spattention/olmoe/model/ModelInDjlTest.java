package ai.spattention.olmoe.model;

import static ai.spattention.olmoe.TestConfigs.small;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.util.Pair;
import ai.spattention.olmoe.TestConfigs;
import ai.spattention.olmoe.loss.LanguageModelLoss;
import ai.spattention.olmoe.loss.OlmoeLoss;
import ai.spattention.segment.SegmentedBlock;
import ai.spattention.segment.SegmentedTrainer;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What DJL does to any model's block, done to this one. */
class ModelInDjlTest {

    private static final int[][] IDS = {{3, 1, 4, 1, 5, 9, 2}, {6, 5, 3, 5, 8, 9, 7}};

    private static float[] logits(NDManager manager, OlmoeModel block) {
        try (NDManager scope = manager.newSubManager()) {
            NDArray logits = block.forward(new ParameterStore(scope, false), TestConfigs.ids(scope, IDS), false).logits();
            return logits.toType(DataType.FLOAT32, false).toFloatArray();
        }
    }

    /** A process of its own: loads what was saved, and prints the logits. */
    static final class Loads {

        private Loads() {}

        public static void main(String[] arguments) throws Exception {
            try (Model model = Model.newInstance("saved", Device.cpu(), "PyTorch")) {
                OlmoeModel block = OlmoeModel.builder().setConfig(small().build()).optSeed(2).build();
                model.setBlock(block);
                model.load(Path.of(arguments[0]));
                System.out.println(Arrays.toString(logits(model.getNDManager(), block)));
            }
        }
    }

    @Test
    void aSavedModelIsLoadedByAnotherProcess(@TempDir Path folder) throws Exception {
        String expected;
        try (Model model = Model.newInstance("saved", Device.cpu(), "PyTorch")) {
            OlmoeModel block = OlmoeModel.builder().setConfig(small().build()).optSeed(1).build();
            model.setBlock(block);
            block.initialize(model.getNDManager(), DataType.FLOAT32, new Shape(2, 7));
            model.save(folder, null);
            expected = Arrays.toString(logits(model.getNDManager(), block));
        }
        Path output = folder.resolve("output");
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), Loads.class.getName(),
                folder.toString()).redirectErrorStream(true).redirectOutput(output.toFile()).start();
        assertEquals(0, process.waitFor(), () -> read(output));
        assertEquals(expected, read(output).lines().reduce((first, last) -> last).orElse(""));

        try (Model other = Model.newInstance("saved", Device.cpu(), "PyTorch")) {
            other.setBlock(OlmoeModel.builder().setConfig(small().setNumExpertsPerTok(3).build()).build());
            assertEquals("the saved model has \"num_experts_per_tok\" : 2, this one has \"num_experts_per_tok\" : 3",
                    assertThrows(MalformedModelException.class, () -> other.load(folder)).getMessage());
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (java.io.IOException e) {
            return e.toString();
        }
    }

    private static Map<String, float[]> values(OlmoeModel block) {
        Map<String, float[]> values = new LinkedHashMap<>();
        for (Pair<String, Parameter> parameter : block.getParameters()) {
            values.put(parameter.getKey(), parameter.getValue().getArray().toFloatArray());
        }
        return values;
    }

    private static void train(Model model, OlmoeModel block, boolean segmented, int epochs) throws Exception {
        AbstractBlock root = segmented ? new SegmentedBlock(block) : block;
        model.setBlock(root);
        DefaultTrainingConfig config = new DefaultTrainingConfig(new OlmoeLoss(0.01, 0.001)).optDevices(new Device[] {Device.cpu()})
                .optOptimizer(Optimizer.adam().optLearningRateTracker(Tracker.fixed(0.1f)).build());
        try (Trainer trainer = segmented ? new SegmentedTrainer(model, config) : model.newTrainer(config)) {
            trainer.initialize(new Shape(2, 7));
            if (epochs > 0) {
                NDArray ids = TestConfigs.ids(trainer.getManager(), IDS);
                EasyTrain.fit(trainer, epochs, new ArrayDataset.Builder().setData(ids).optLabels(ids.duplicate())
                        .setSampling(2, false).build(), null);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void frozenParametersStay(boolean segmented) throws Exception {
        try (Model model = Model.newInstance("frozen", Device.cpu(), "PyTorch")) {
            OlmoeModel block = OlmoeModel.builder().setConfig(small().build()).optSeed(1).build();
            block.freezeParameters(true);
            block.getLayers().get(1).getAttention().freezeParameters(false);
            block.initialize(model.getNDManager(), DataType.FLOAT32, new Shape(2, 7));
            Map<String, float[]> before = values(block);
            train(model, block, segmented, 2);
            TreeSet<String> changed = new TreeSet<>();
            values(block).forEach((name, values) -> {
                if (!Arrays.equals(before.get(name), values)) {
                    changed.add(name.replaceAll("\\d+(?=[a-z])", ""));
                }
            });
            String attention = "layer1_attention_";
            assertEquals(new TreeSet<>(List.of(attention + "keyNorm_weight", attention + "keyProjection_weight",
                    attention + "outputProjection_weight", attention + "queryNorm_weight", attention + "queryProjection_weight",
                    attention + "valueProjection_weight")), changed);
        }
    }

    /** A trainer that initializes what has its weights already changes nothing. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void weightsThatAreThereStayWhenATrainerBegins(boolean segmented) throws Exception {
        try (Model model = Model.newInstance("loaded", Device.cpu(), "PyTorch")) {
            OlmoeModel block = OlmoeModel.builder().setConfig(small().build()).optSeed(1).build();
            block.initialize(model.getNDManager(), DataType.FLOAT32, new Shape(1, 1));
            float[] before = logits(model.getNDManager(), block);
            train(model, block, segmented, 0);
            assertArrayEquals(before, logits(model.getNDManager(), block));
        }
    }

    @ParameterizedTest
    @CsvSource({"-1, 7", "2, -1", "-1, -1"})
    void sizesMayBeUnknown(int batch, int length) throws Exception {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel known = OlmoeModel.builder().setConfig(small().build()).optSeed(1).build();
            known.initialize(manager, DataType.FLOAT32, new Shape(2, 7));
            OlmoeModel block = OlmoeModel.builder().setConfig(small().build()).optSeed(1).build();
            Shape shape = new Shape(batch, length);
            Shape each = new Shape(2, 5);
            assertArrayEquals(new Shape[] {new Shape(batch, length, 19), each, each, new Shape(2)},
                    block.getOutputShapes(new Shape[] {shape}));
            block.initialize(manager, DataType.FLOAT32, shape);
            assertArrayEquals(logits(manager, known), logits(manager, block));
            assertEquals(List.of(shape), block.describeInput().values());
            block.saveParameters(new DataOutputStream(new ByteArrayOutputStream()));
        }
    }

    @Test
    void describesItself() {
        OlmoeModel block = OlmoeModel.builder().setConfig(small().build()).build();
        assertTrue(block.toString().startsWith("OlmoeModel {\n\tembedding\n\tlayer0 {\n"), block.toString());
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            block.initialize(manager, DataType.FLOAT32, new Shape(2, 7));
            String described = block.toString();
            assertTrue(described.startsWith("OlmoeModel(2, 7) {\n\tembedding(2, 7) -> (2, 7, 24)\n\tlayer0(2, 7, 24) {\n"), described);
            assertTrue(described.contains("router(14, 24) -> (14, 5)+(14, 5)+(14, 2)+(14, 2)\n"), described);
            assertTrue(described.endsWith("head(2, 7, 24) -> (2, 7, 19)\n} -> (2, 7, 19)+(2, 5)+(2, 5)+(2)"), described);
        }
    }

    /** Ten bits of fraction everywhere but in sums and the router. */
    @Test
    void float16IsClose() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            float[][] logits = new float[2][];
            float[][] gradients = new float[2][];
            DataType[] types = {DataType.FLOAT32, DataType.FLOAT16};
            for (int i = 0; i < 2; i++) {
                OlmoeModel block = OlmoeModel.builder().setConfig(small().build()).optSeed(1).build();
                block.initialize(manager, types[i], new Shape(2, 7));
                logits[i] = logits(manager, block);
                try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                    NDArray ids = TestConfigs.ids(manager, IDS);
                    OlmoeOutput output = block.forward(new ParameterStore(manager, false), ids, true);
                    assertEquals(types[i], output.logits().getDataType());
                    collector.backward(new OlmoeLoss(0.01, 0)
                            .compute(LanguageModelLoss.nextTokens(ids), output.logits(), output.routers()).total());
                }
                gradients[i] = block.getLayers().get(0).getAttention().getValueProjection().getDirectParameters().get("weight")
                        .getArray().getGradient().toType(DataType.FLOAT32, false).toFloatArray();
            }
            assertFalse(Arrays.equals(logits[0], logits[1]));
            assertTrue(error(logits[0], logits[1]) < 3e-3, "logits: " + error(logits[0], logits[1]));
            assertTrue(error(gradients[0], gradients[1]) < 1e-2, "gradients: " + error(gradients[0], gradients[1]));
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
}
