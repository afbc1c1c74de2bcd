package ai.spattention.olmoe.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.Precision;
import ai.spattention.attention.auto.Kernels;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Models that are compared must begin with the same numbers wherever they have the same parameter. */
class InitialWeightsTest {

    private static OlmoeConfig.Builder small() {
        return OlmoeConfig.builder().setVocabSize(60).setHiddenSize(16).setIntermediateSize(8).setNumHiddenLayers(2)
                .setNumAttentionHeads(4).setNumExperts(4).setNumExpertsPerTok(2).setMaxPositionEmbeddings(64);
    }

    /** The weights by their names without DJL's ordinals. */
    private static Map<String, float[]> weights(OlmoeModel.Builder builder) {
        Map<String, float[]> weights = new TreeMap<>();
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = builder.build();
            model.initialize(manager, DataType.FLOAT32, new Shape(1, 8));
            model.getParameters().forEach(named -> weights.put(named.getKey().replaceAll("(^|_)[0-9]+", "_"),
                    named.getValue().getArray().toFloatArray()));
        }
        return weights;
    }

    private static Map<String, float[]> weights(UnaryOperator<OlmoeConfig.Builder> change, long seed) {
        return weights(OlmoeModel.builder().setConfig(change.apply(small()).build()).optSeed(seed));
    }

    private static Map<String, float[]> weights() {
        return weights(config -> config, 7);
    }

    private static void assertSame(Map<String, float[]> expected, Map<String, float[]> actual) {
        assertEquals(expected.keySet(), actual.keySet());
        expected.forEach((name, values) -> assertArrayEquals(values, actual.get(name), name));
    }

    @ParameterizedTest
    @EnumSource(StandardPattern.class)
    void patternAndLayoutChangeNothing(StandardPattern pattern) {
        assertSame(weights(), weights(config -> config.optPattern(pattern), 7));
        assertSame(weights(), weights(config -> config.optPattern(pattern).optLayoutLength(LayoutLength.of(32)), 7));
    }

    @Test
    void whatOnlyComputesChangesNothing() {
        for (String kernel : new String[] {"auto", "tiled", "masked"}) {
            for (Precision precision : Precision.values()) {
                for (boolean checkpointing : new boolean[] {false, true}) {
                    assertSame(weights(), weights(OlmoeModel.builder().setConfig(small().build()).optSeed(7)
                            .optKernel(Kernels.of(kernel)).optPrecision(precision).optActivationCheckpointing(checkpointing)));
                }
            }
        }
        assertSame(weights(), weights(config -> config.optAttentionDropout(0.1f).optClipQkv(8f).optRopeTheta(500), 7));
    }

    /** The head has another place among the blocks, and yet the same numbers. */
    @Test
    void sharedLayersAreEqualAtAnyDepth() {
        Map<String, float[]> shallow = weights();
        for (int depth : new int[] {3, 12, 101}) {
            Map<String, float[]> deep = weights(config -> config.setNumHiddenLayers(depth), 7);
            assertTrue(deep.keySet().containsAll(shallow.keySet()), deep.keySet().toString());
            shallow.forEach((name, values) -> assertArrayEquals(values, deep.get(name), name));
        }
    }

    @Test
    void fewerHeadsForKeysAndValuesChangeTheseAlone() {
        Map<String, float[]> all = weights();
        Map<String, float[]> grouped = weights(config -> config.optNumKeyValueHeads(2), 7);
        assertEquals(all.keySet(), grouped.keySet());
        int same = 0;
        for (String name : all.keySet()) {
            if (all.get(name).length == grouped.get(name).length) {
                assertArrayEquals(all.get(name), grouped.get(name), name);
                same++;
            }
        }
        assertEquals(all.size() - 2 * 3, same, "keys, values and the norm of the keys of two layers are smaller");
    }

    @Test
    void withoutAHeadTheRestIsEqual() {
        Map<String, float[]> untied = weights();
        Map<String, float[]> tied = weights(config -> config.optTieWordEmbeddings(true), 7);
        assertEquals(untied.size() - 1, tied.size());
        tied.forEach((name, values) -> assertArrayEquals(untied.get(name), values, name));
    }

    @Test
    void layersAndSeedsDiffer() {
        Map<String, float[]> seven = weights();
        Map<String, float[]> eight = weights(config -> config, 8);
        String layer = seven.keySet().stream().filter(name -> name.contains("layer0") && name.contains("ate")).findFirst().orElseThrow();
        assertFalse(Arrays.equals(seven.get(layer), seven.get(layer.replace("layer0", "layer1"))), layer);
        seven.forEach((name, values) -> assertTrue(values[0] == 1 || !Arrays.equals(values, eight.get(name)), name));
    }
}
