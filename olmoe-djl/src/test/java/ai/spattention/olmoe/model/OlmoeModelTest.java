package ai.spattention.olmoe.model;

import static ai.spattention.olmoe.TestConfigs.small;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.auto.AutoKernel;
import ai.spattention.attention.engine.MaskedKernel;
import ai.spattention.attention.engine.TiledKernel;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.TestConfigs;
import ai.spattention.olmoe.config.LayerPatterns;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.loss.LanguageModelLoss;
import ai.spattention.olmoe.loss.OlmoeLoss;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.pattern.Window;
import ai.spattention.segment.Segments;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The model against the plain-Java reference: logits, the training loss, and its gradients by finite differences. */
class OlmoeModelTest {

    private static final double LOAD_BALANCING = 0.3;
    private static final double ROUTER_Z = 0.2;

    static Stream<Arguments> cases() {
        return Stream.of(
                Arguments.of("sp, layout from the sequence", small(), new AutoKernel(), 13),
                Arguments.of("grouped-query heads, masked",
                        small().setNumAttentionHeads(6).optNumKeyValueHeads(2), new MaskedKernel(), 13),
                Arguments.of("grouped-query heads, tiled",
                        small().setNumAttentionHeads(6).optNumKeyValueHeads(2), new TiledKernel(4), 13),
                Arguments.of("one key/value head, fixed layout",
                        small().optNumKeyValueHeads(1).optLayoutLength(LayoutLength.of(40)), new AutoKernel(), 11),
                Arguments.of("clipping", small().optClipQkv(0.2f), new AutoKernel(), 7),
                Arguments.of("renormalised top-k", small().setNumExpertsPerTok(3).optNormTopkProb(true),
                        new AutoKernel(), 7),
                Arguments.of("every expert", small().setNumExpertsPerTok(5), new AutoKernel(), 7),
                Arguments.of("one expert", small().setNumExperts(1).setNumExpertsPerTok(1), new AutoKernel(), 7),
                Arguments.of("tied embeddings", small().optTieWordEmbeddings(true), new AutoKernel(), 7),
                Arguments.of("biases", small().optAttentionBias(true), new AutoKernel(), 7),
                Arguments.of("odd heads, exclusive bands",
                        small().setNumAttentionHeads(3).optPattern(StandardPattern.EXCLUSIVE), new TiledKernel(4), 17),
                Arguments.of("head dimension of its own", small().optHeadDim(10), new AutoKernel(), 9),
                Arguments.of("bands, dense and a window by turns", small().setNumHiddenLayers(4).optPatterns(new LayerPatterns(List.of(
                        StandardPattern.SP, StandardPattern.CAUSAL, new Window(2)))), new AutoKernel(), 17),
                Arguments.of("two positions", small().optPattern(StandardPattern.GAPPED), new AutoKernel(), 2));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void agreesWithReference(String name, OlmoeConfig.Builder builder, AttentionKernel kernel, int length) {
        OlmoeConfig config = builder.build();
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = OlmoeModel.builder().setConfig(config).optKernel(kernel).optSeed(5).build();
            model.initialize(manager, DataType.FLOAT64, new Shape(2, length));
            roughen(model, new Random(1));
            Random random = new Random(2);
            int[][] ids = {random.ints(length, 0, config.vocabSize()).toArray(),
                    random.ints(length, 0, config.vocabSize()).toArray()};
            NDArray inputIds = TestConfigs.ids(manager, ids);
            ReferenceOlmoe reference = new ReferenceOlmoe(model);
            ParameterStore store = new ParameterStore(manager, false);

            double[] logits = model.forward(store, inputIds, false).logits().toDoubleArray();
            double[] expected = Stream.of(reference.logits(ids)).flatMap(Stream::of)
                    .flatMapToDouble(Arrays::stream).toArray();
            assertTrue(relativeError(expected, logits) < 1e-6, "logits: " + relativeError(expected, logits));

            try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                OlmoeOutput output = model.forward(store, inputIds, true);
                NDArray loss = new OlmoeLoss(LOAD_BALANCING, ROUTER_Z)
                        .compute(LanguageModelLoss.nextTokens(inputIds), output.logits(), output.routers()).total();
                assertEquals(reference.loss(ids, LOAD_BALANCING, ROUTER_Z), loss.getDouble(), 1e-6);
                collector.backward(loss);
            }
            for (var entry : model.getParameters()) {
                checkGradient(entry.getKey(), entry.getValue(), reference, ids);
            }
        }
    }

    /** Away from the initial values, where norms are 1, biases 0, and everything nearly linear. */
    private static void roughen(OlmoeModel model, Random random) {
        for (Parameter parameter : model.getParameters().values()) {
            double[] values = parameter.getArray().toDoubleArray();
            for (int i = 0; i < values.length; i++) {
                values[i] += 0.3 * random.nextGaussian();
            }
            parameter.getArray().set(values);
        }
    }

    private static void checkGradient(String name, Parameter parameter, ReferenceOlmoe reference, int[][] ids) {
        double[] gradient = parameter.getArray().getGradient().toDoubleArray();
        double[] values = reference.values(parameter);
        double step = 1e-5;
        Random random = new Random(name.hashCode());
        for (int trial = 0; trial < 6; trial++) {
            int at = trial == 0 ? largest(gradient) : random.nextInt(values.length);
            double before = values[at];
            values[at] = before + step;
            double up = reference.loss(ids, LOAD_BALANCING, ROUTER_Z);
            values[at] = before - step;
            double down = reference.loss(ids, LOAD_BALANCING, ROUTER_Z);
            values[at] = before;
            double expected = (up - down) / (2 * step);
            assertEquals(expected, gradient[at], 1e-6 + 1e-5 * Math.abs(expected), name + "[" + at + "]");
        }
    }

    private static int largest(double[] values) {
        int largest = 0;
        for (int i = 0; i < values.length; i++) {
            largest = Math.abs(values[i]) > Math.abs(values[largest]) ? i : largest;
        }
        return largest;
    }

    private static double relativeError(double[] expected, double[] actual) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += Math.pow(expected[i] - actual[i], 2);
            norm += Math.pow(expected[i], 2);
        }
        return Math.sqrt(difference / norm);
    }

    private static final int[][] IDS = {{3, 1, 4, 1, 5, 9, 2}, {6, 5, 3, 5, 8, 9, 7}};

    private static OlmoeModel initialised(NDManager manager, OlmoeConfig config, long seed) {
        OlmoeModel model = OlmoeModel.builder().setConfig(config).optSeed(seed).build();
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        return model;
    }

    private static float[] logits(NDManager manager, OlmoeModel model) {
        return model.forward(new ParameterStore(manager, false), TestConfigs.ids(manager, IDS), false).logits()
                .toFloatArray();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void theConfigurationKnowsTheNumberOfParameters(String name, OlmoeConfig.Builder builder) {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = initialised(manager, builder.build(), 1);
            long parameters = model.getParameters().values().stream()
                    .mapToLong(parameter -> parameter.getArray().size()).sum();
            assertEquals(parameters, model.getConfig().totalParams());
        }
    }

    @Test
    void theSeedFixesTheParameters() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeConfig config = small().build();
            float[] first = logits(manager, initialised(manager, config, 1));
            assertArrayEquals(first, logits(manager, initialised(manager, config, 1)));
            assertFalse(Arrays.equals(first, logits(manager, initialised(manager, config, 2))));
        }
    }

    @Test
    void savedParametersLoadIntoANewModel() throws Exception {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeConfig config = small().setNumAttentionHeads(6).optNumKeyValueHeads(2).build();
            OlmoeModel saved = initialised(manager, config, 1);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            saved.saveParameters(new DataOutputStream(bytes));
            OlmoeModel loaded = OlmoeModel.builder().setConfig(config).optSeed(2).build();
            loaded.loadParameters(manager, new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
            assertArrayEquals(logits(manager, saved), logits(manager, loaded));

            OlmoeModel other = OlmoeModel.builder().setConfig(small().setNumAttentionHeads(6).build()).build();
            assertEquals("the saved model has \"num_key_value_heads\" : 2, this one has \"num_key_value_heads\" : 6",
                    assertThrows(MalformedModelException.class, () -> other.loadParameters(manager,
                            new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())))).getMessage());
        }
    }

    /** On a thread of its own, where libtorch would record: nothing to differentiate, and nothing kept. */
    @Test
    void recordsNothingWithoutTraining() throws Exception {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = initialised(manager, small().build(), 1);
            float[] expected = logits(manager, model);
            int held = manager.getManagedArrays().size();
            var executor = Executors.newSingleThreadExecutor();
            try {
                executor.submit(() -> {
                    assertTrue(JniUtils.isGradMode());
                    try (NDManager scope = manager.newSubManager();
                            GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                        NDArray logits = model.forward(new ParameterStore(scope, false),
                                TestConfigs.ids(scope, IDS), false).logits();
                        assertArrayEquals(expected, logits.toFloatArray());
                        assertThrows(EngineException.class, () -> collector.backward(logits.sum()));
                        assertTrue(JniUtils.isGradMode());
                    }
                }).get();
            } finally {
                executor.shutdown();
            }
            assertEquals(held, manager.getManagedArrays().size());
        }
    }

    @Test
    void leavesOnlyItsOutputsBehind() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = initialised(manager, small().build(), 1);
            NDArray ids = TestConfigs.ids(manager, IDS);
            ParameterStore store = new ParameterStore(manager, false);
            for (boolean training : new boolean[] {false, true}) {
                int held = manager.getManagedArrays().size();
                NDList outputs = model.forward(store, new NDList(ids), training);
                assertEquals(held + 4, manager.getManagedArrays().size());
                Shape[] expected = model.getOutputShapes(new Shape[] {ids.getShape()});
                assertArrayEquals(expected, outputs.getShapes());
                outputs.close();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = StandardPattern.class, names = {"CAUSAL", "SP", "EXCLUSIVE", "LOCAL", "GAPPED"})
    void documentsPackedIntoASequenceDoNotSeeEachOther(StandardPattern pattern) {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = OlmoeModel.builder()
                    .setConfig(small().optPattern(pattern).optLayoutLength(LayoutLength.of(10)).build()).build();
            model.initialize(manager, DataType.FLOAT64, new Shape(1, 9));
            roughen(model, new Random(1));
            ParameterStore store = new ParameterStore(manager, false);
            NDArray ids = TestConfigs.ids(manager, new int[][] {{3, 1, 4, 1, 5, 9, 2, 6, 5}});
            NDArray documents = manager.create(new long[] {0, 0, 0, 0, 1, 1, 1, 1, 1}, new Shape(1, 9));
            NDArray packed = model.forward(store, ids, documents, true).logits();
            NDArray alone = model.forward(store, ids.get(":, :4"), true).logits()
                    .concat(model.forward(store, ids.get(":, 4:"), true).logits(), 1);
            assertTrue(relativeError(alone.toDoubleArray(), packed.toDoubleArray()) < 1e-6);
            assertTrue(relativeError(alone.toDoubleArray(),
                    model.forward(store, ids, true).logits().toDoubleArray()) > 1e-3);
        }
    }

    @Test
    void countsEachLayersChoices() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = initialised(manager, small().build(), 1);
            NDArray counts = model.forward(new ParameterStore(manager, false), TestConfigs.ids(manager, IDS), false)
                    .routers().tokensPerExpert();
            // 14 tokens take 2 experts each, in each of 2 layers
            assertArrayEquals(new long[] {28, 28}, counts.sum(new int[] {1}).toLongArray());
        }
    }

    private static void assertInputsAreChecked() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = initialised(manager, small().build(), 1);
            ParameterStore store = new ParameterStore(manager, false);
            NDArray ids = manager.zeros(new Shape(2, 6), DataType.INT64);
            String shapes = "the model takes token ids, and documents if several are packed into a sequence, each [batch, length] (got ";
            for (boolean training : new boolean[] {false, true}) {
                for (Shape wrong : new Shape[] {new Shape(6, 2), new Shape(1, 6), new Shape(12), new Shape(2, 6, 1)}) {
                    NDArray documents = manager.zeros(wrong, DataType.INT64);
                    assertEquals(shapes + "[(2, 6), " + wrong + "])", refused(() -> model.forward(store, ids, documents, training)));
                }
                assertEquals(shapes + "[(12)])", refused(() -> model.forward(store, ids.reshape(12), training)));
                assertEquals("the model takes token ids and documents as int64 (got float32)",
                        refused(() -> model.forward(store, manager.zeros(new Shape(2, 6)), training)));
                assertEquals("the model takes token ids and documents as int64 (got float32)",
                        refused(() -> model.forward(store, ids, manager.zeros(new Shape(2, 6)), training)));
                NDArray logits = model.forward(store, ids, training).logits();
                assertEquals("targets must be int64 (2, 6), one for each position (got int64 (6, 2))",
                        refused(() -> LanguageModelLoss.ofTargets(logits, ids.reshape(6, 2))));
            }
            assertEquals(shapes + "[(12)])", refused(() -> model.hiddenStates(store, ids.reshape(12), null)));
            assertEquals("targets must be int64 (2, 6), one for each position (got float32 (2, 6))", refused(() -> model.forward(store,
                    Segments.inference(), new NDList(ids), new NDList(manager.zeros(new Shape(2, 6))))));
        }
    }

    private static String refused(Executable work) {
        return assertThrows(InvalidInputException.class, work).getMessage();
    }

    @Test
    void rejectsWhatIsNotTokenIds() {
        OlmoeModel model = OlmoeModel.builder().setConfig(small().build()).build();
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            assertEquals("the model takes token ids, and documents if several are packed into a sequence, each [batch, length] (got [(1, 2, 3)])",
                    assertThrows(InvalidInputException.class,
                            () -> model.initialize(manager, DataType.FLOAT32, new Shape(1, 2, 3))).getMessage());
        }
        assertInputsAreChecked();
        assertEquals("token ids must lie in [0, 19), the model's vocabulary (got -1 at place 2)",
                assertThrows(InvalidInputException.class, () -> model.requireTokenIds(0, 18, -1)).getMessage());
        assertEquals("an OLMoE configuration must be set",
                assertThrows(InvalidInputException.class, () -> OlmoeModel.builder().build()).getMessage());
    }
}
