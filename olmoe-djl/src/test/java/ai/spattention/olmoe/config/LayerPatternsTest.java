package ai.spattention.olmoe.config;

import static ai.spattention.olmoe.TestConfigs.small;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.Patterns;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.pattern.Window;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LayerPatternsTest {

    @TempDir
    private Path folder;

    private static LayerPatterns named(String... names) {
        return LayerPatterns.named(List.of(names), Patterns.onClassPath());
    }

    @Test
    void repeatOverTheLayers() {
        LayerPatterns patterns = named("sp", "sp", "window:7", "causal");
        List<AttentionPattern> layers = List.of(StandardPattern.SP, StandardPattern.SP, new Window(7), StandardPattern.CAUSAL,
                StandardPattern.SP, StandardPattern.SP, new Window(7));
        for (int layer = 0; layer < layers.size(); layer++) {
            assertEquals(layers.get(layer), patterns.of(layer), "layer " + layer);
        }
        assertEquals(List.of(StandardPattern.SP, new Window(7), StandardPattern.CAUSAL), patterns.distinct());
        assertEquals("[sp, sp, window:7, causal]", patterns.toString());
    }

    @Test
    void areReadAsTheyAreWritten() {
        for (String text : List.of("sp,causal", "sp, causal", "[sp, causal]", "[ sp , causal ]")) {
            assertEquals(named("sp", "causal"), LayerPatterns.parse(text, Patterns.onClassPath()), text);
        }
        assertEquals(named("window:3"), LayerPatterns.parse("window:3", Patterns.onClassPath()));
        assertEquals(named("window:3"), LayerPatterns.parse("[window:3]", Patterns.onClassPath()));
        for (String text : List.of("", "[]", "sp,", ",sp", "[sp", "sp ", "sp;causal")) {
            assertThrows(InvalidInputException.class, () -> LayerPatterns.parse(text, Patterns.onClassPath()), text);
        }
    }

    @Test
    void manyOfOneAreOne() {
        assertEquals(LayerPatterns.all(StandardPattern.SP), named("sp", "sp"));
        assertEquals("sp", named("sp", "sp").toString());
    }

    @Test
    void refusesNoneUnknownOnesAndMoreThanLayers() {
        assertEquals("attention_pattern needs at least one pattern (got an empty list)",
                assertThrows(InvalidInputException.class, LayerPatternsTest::named).getMessage());
        assertTrue(assertThrows(InvalidInputException.class, () -> named("sp", "dense")).getMessage()
                .startsWith("unknown attention pattern 'dense': choose one of causal, sp, "));
        assertEquals("attention_pattern must not list more patterns than there are layers (got 3 for num_hidden_layers 2)",
                assertThrows(InvalidInputException.class, () -> small().setNumHiddenLayers(2)
                        .optPatterns(named("sp", "sp", "causal")).build()).getMessage());
    }

    @Test
    void standInConfigJsonLayerByLayer() throws IOException {
        OlmoeConfig config = small().setNumHiddenLayers(5).optPatterns(named("sp", "window:3")).build();
        String json = ConfigJson.write(config, "float32");
        assertEquals("[\"sp\",\"window:3\",\"sp\",\"window:3\",\"sp\"]",
                new ObjectMapper().readTree(json).get("attention_pattern").toString());
        Path file = Files.writeString(folder.resolve("config.json"), json);
        OlmoeConfig read = ConfigJson.read(file);
        for (int layer = 0; layer < 5; layer++) {
            assertEquals(config.patterns().of(layer), read.patterns().of(layer));
        }
        assertEquals(json, ConfigJson.write(read, "float32"));
        Files.writeString(file, json.replace("\"window:3\"", "3"));
        assertTrue(assertThrows(InvalidInputException.class, () -> ConfigJson.read(file)).getMessage()
                .endsWith("it must be a name, or a list of names"));
    }

    @Test
    void aModelsOperationsAreThoseOfItsLayers() {
        OlmoeConfig mixed = small().setNumHiddenLayers(3).optPatterns(named("sp", "causal")).build();
        double sp = ModelFlops.forwardPerToken(small().setNumHiddenLayers(3).optPatterns(named("sp")).build(), 40);
        double causal = ModelFlops.forwardPerToken(small().setNumHiddenLayers(3).optPatterns(named("causal")).build(), 40);
        assertEquals((2 * sp + causal) / 3, ModelFlops.forwardPerToken(mixed, 40), 1e-9 * causal);
    }
}
