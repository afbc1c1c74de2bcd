package ai.spattention.olmoe.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.TestConfigs;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.config.LayerPatterns;
import ai.spattention.olmoe.config.ModelFlops;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.LshSettings;
import ai.spattention.pattern.Patterns;
import ai.spattention.pattern.StandardPattern;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models with hashed attention in all layers or in some. */
class LshModelTest {

    @TempDir
    private Path folder;

    private static OlmoeConfig config(String patterns, boolean bias) {
        return TestConfigs.small().setNumHiddenLayers(3).optAttentionBias(bias).optLayoutLength(LayoutLength.of(16))
                .optPatterns(LayerPatterns.parse(patterns, Patterns.onClassPath())).build();
    }

    private static OlmoeModel model(NDManager manager, OlmoeConfig config) {
        OlmoeModel model = OlmoeModel.builder().setConfig(config).optSeed(4).build();
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 8));
        return model;
    }

    private static float[] logits(NDManager manager, OlmoeModel model) {
        NDArray ids = TestConfigs.ids(manager, new int[][] {{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8}});
        return model.forward(new ParameterStore(manager, false), ids, false).logits().toFloatArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"lsh", "lsh:2", "[lsh:2:4, sp]", "[causal, lsh:1:4:7]"})
    void areSavedWithoutKeysAndReadBack(String patterns) throws IOException {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            for (boolean bias : new boolean[] {false, true}) {
                OlmoeConfig config = config(patterns, bias);
                OlmoeModel model = model(manager, config);
                long parameters = model.getParameters().values().stream().mapToLong(parameter -> parameter.getArray().size()).sum();
                assertEquals(parameters, config.totalParams());
                assertEquals(config.totalParams(), config.tensorShapes().values().stream().mapToLong(shape -> new Shape(shape).size()).sum());
                Path saved = folder.resolve("model-" + bias);
                HuggingFaceFolder.save(model, saved, TensorType.F32, HuggingFaceFolder.DEFAULT_SHARD_BYTES);
                OlmoeModel loaded = HuggingFaceFolder.load(saved, manager);
                for (int layer = 0; layer < 3; layer++) {
                    assertEquals(config.patterns().of(layer), loaded.getConfig().patterns().of(layer));
                }
                assertArrayEquals(logits(manager, model), logits(manager, loaded));
            }
        }
    }

    @Test
    void hashedAttentionStaysWhereItWasTrained() throws IOException {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            Path saved = folder.resolve("model");
            HuggingFaceFolder.save(model(manager, config("[sp, lsh]", false)), saved, TensorType.F32, HuggingFaceFolder.DEFAULT_SHARD_BYTES);
            for (String other : List.of("sp", "lsh")) {
                String message = assertThrows(InvalidInputException.class, () -> HuggingFaceFolder.load(saved, manager,
                        loaded -> loaded.withAttention(Patterns.onClassPath().of(other), LayoutLength.of(16)), options -> options)).getMessage();
                assertEquals(saved + ": layer " + (other.equals("lsh") ? "0 was trained with the pattern sp (got lsh)"
                        : "1 was trained with the pattern lsh (got sp)") + ": lsh attention has no weights for keys, so that it stays in the"
                        + " layers that were trained with it, and in no others", message);
            }
        }
    }

    @Test
    void layersThatShareParametersBeginWithTheSame() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel hashed = model(manager, config("lsh", false));
            OlmoeModel causal = model(manager, config("causal", false));
            hashed.getParameters().forEach(named -> assertArrayEquals(causal.getParameters().get(named.getKey()).getArray().toFloatArray(),
                    named.getValue().getArray().toFloatArray(), named.getKey()));
            assertEquals(causal.getParameters().size() - 6, hashed.getParameters().size(), "a projection and a norm a layer less");
        }
    }

    @Test
    void flopsAreThoseOfTheDefinition() {
        OlmoeConfig hashed = config("[lsh:2:4, causal, causal]", false);
        OlmoeConfig causal = config("causal", false);
        assertEquals(ModelFlops.activeMatmulWeights(causal) - 24 * 24, ModelFlops.activeMatmulWeights(hashed));
        double pairs = 4.0 * 2 * 40 * 4 - StandardPattern.CAUSAL.allowedPairs(4, 16, 40); // heads, rounds, tokens, chunk
        assertEquals(4.0 * 6 * pairs / 40 - 2.0 * 24 * 24,
                ModelFlops.forwardPerToken(hashed, 40) - ModelFlops.forwardPerToken(causal, 40), 1e-9);
    }

    @Test
    void keysThatQueriesShareAreRefused() {
        assertEquals("attention_pattern lsh shares queries and keys, so that num_key_value_heads must be num_attention_heads (got 2 for 4"
                + " heads)", assertThrows(InvalidInputException.class,
                () -> TestConfigs.small().optNumKeyValueHeads(2).optPattern(new LshSettings()).build()).getMessage());
    }

    @Test
    void lengthsAreAlikeWhereAllLayersSeeByTheSameRules() {
        OlmoeConfig.Builder layers = TestConfigs.small().optPatterns(new LayerPatterns(List.of(StandardPattern.CAUSAL, new LshSettings())));
        assertFalse(layers.build().sight(20).equals(layers.build().sight(21)), "there may be more buckets");
        assertEquals(layers.optLayoutLength(LayoutLength.of(30)).build().sight(20), layers.build().sight(21));
        assertTrue(layers.build().dependsOnData());
        OlmoeConfig mixed = TestConfigs.small().optPatterns(new LayerPatterns(List.of(StandardPattern.CAUSAL, StandardPattern.SP))).build();
        assertFalse(mixed.sight(20).equals(mixed.sight(21)), "not the first layer alone decides");
        assertFalse(mixed.dependsOnData());
    }
}
