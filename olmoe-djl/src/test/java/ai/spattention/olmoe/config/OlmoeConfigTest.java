package ai.spattention.olmoe.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.keys.RecordKey;
import ai.spattention.olmoe.keys.RecordKeys;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.Patterns;
import ai.spattention.pattern.StandardPattern;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OlmoeConfigTest {

    @TempDir
    private Path folder;

    private static OlmoeConfig.Builder sized(int hidden, int intermediate, int heads) {
        return OlmoeConfig.builder().setVocabSize(50_304).setHiddenSize(hidden).setIntermediateSize(intermediate)
                .setNumHiddenLayers(16).setNumAttentionHeads(heads).setNumExperts(64).setNumExpertsPerTok(8)
                .setMaxPositionEmbeddings(4096);
    }

    @Test
    void countsParameters() {
        OlmoeConfig large = sized(2048, 1024, 16).build();
        assertEquals(6_919_161_856L, large.totalParams());
        assertEquals(1_282_017_280L, large.activeParams());
        assertEquals(1.78e9, sized(1024, 512, 8).build().totalParams(), 0.01e9);
        for (OlmoeConfig config : new OlmoeConfig[] {large, sized(96, 40, 6).optNumKeyValueHeads(2).optAttentionBias(true).build(),
            sized(96, 40, 6).optTieWordEmbeddings(true).optHeadDim(10).build()}) {
            long inFile = config.tensorShapes().values().stream()
                    .mapToLong(shape -> Arrays.stream(shape).reduce(1, (a, b) -> a * b)).sum();
            assertEquals(inFile, config.totalParams());
        }
    }

    @Test
    void everyFieldComesBack() throws IOException {
        OlmoeConfig config = sized(96, 40, 6).optNumKeyValueHeads(2).optHeadDim(10).optNormTopkProb(true)
                .optRmsNormEps(1e-6f).optRopeTheta(500_000).optClipQkv(8f).optAttentionBias(true).optAttentionDropout(0.1f)
                .optTieWordEmbeddings(true).optInitializerRange(0.03f).optRouterAuxLossCoef(0.02).optRouterZLossCoef(0.001)
                .optEosTokenIds(List.of(50_279)).optPadTokenId(1).optPattern(StandardPattern.EXCLUSIVE)
                .optLayoutLength(LayoutLength.of(512)).build();
        Path file = Files.writeString(folder.resolve("config.json"), ConfigJson.write(config, "float32"));
        assertEquals(config, ConfigJson.read(file));
        OlmoeConfig plain = sized(96, 40, 6).build();
        Files.writeString(file, ConfigJson.write(plain, "bfloat16"));
        assertEquals(plain, ConfigJson.read(file));
    }

    /** So that no reader or writer knows fewer hyperparameters than the record has. */
    @Test
    void everyKeyIsWrittenAndReadAndKeptByABuilder() throws IOException {
        OlmoeConfig plain = sized(96, 40, 6).build();
        OlmoeConfig other = OlmoeConfig.builder().setVocabSize(70).setHiddenSize(48).setIntermediateSize(7).setNumHiddenLayers(3)
                .setNumAttentionHeads(4).optNumKeyValueHeads(2).optHeadDim(10).setNumExperts(5).setNumExpertsPerTok(3)
                .setMaxPositionEmbeddings(99).optNormTopkProb(true).optRmsNormEps(1e-6f).optRopeTheta(500_000).optClipQkv(8f)
                .optAttentionBias(true).optAttentionDropout(0.1f).optTieWordEmbeddings(true).optInitializerRange(0.03f)
                .optRouterAuxLossCoef(0.02).optRouterZLossCoef(0.001).optBosTokenId(3).optEosTokenIds(List.of(4, 5)).optPadTokenId(-1)
                .optPatterns(LayerPatterns.named(List.of("sp", "causal", "local"), Patterns.standard())).optLayoutLength(LayoutLength.of(512))
                .build();
        String written = ConfigJson.write(other, "float32");
        for (RecordKey key : OlmoeConfig.keys().keys()) {
            assertNotEquals(RecordKeys.value(key.component(), plain), RecordKeys.value(key.component(), other), key.name());
            assertTrue(written.contains('"' + key.name() + '"'), key.name());
        }
        assertEquals(OlmoeConfig.class.getRecordComponents().length, OlmoeConfig.keys().keys().size());
        assertEquals(other, ConfigJson.read(Files.writeString(folder.resolve("config.json"), written)));
        assertEquals(other, other.toBuilder().build());
        assertEquals(plain, plain.toBuilder().build());
    }

    @Test
    void aBuilderFromAConfigurationChangesWhatIsSet() {
        OlmoeConfig wide = sized(96, 40, 6).optHeadDim(10).build().toBuilder().setHiddenSize(40).optClipQkv(2f).build();
        assertEquals(sized(40, 40, 6).optHeadDim(10).optClipQkv(2f).build(), wide);
        OlmoeConfig.Builder builder = sized(96, 40, 6);
        assertEquals(16, builder.build().headDim());
        assertEquals(8, builder.setHiddenSize(48).build().headDim(), "what is computed is not kept");
        assertEquals("num_key_value_heads must be at least 1 (got 0)",
                assertThrows(InvalidInputException.class, () -> builder.optNumKeyValueHeads(0).build()).getMessage());
        assertEquals("hidden_size must be at least 1 (got 0)", assertThrows(InvalidInputException.class,
                () -> OlmoeConfig.builder().setVocabSize(3).setNumAttentionHeads(2).build()).getMessage());
    }

    private static final String SOUND = "{\"model_type\":\"olmoe\",\"vocab_size\":11,\"hidden_size\":8,"
            + "\"intermediate_size\":4,\"num_hidden_layers\":1,\"num_attention_heads\":2,\"num_experts\":4,"
            + "\"num_experts_per_tok\":2,\"max_position_embeddings\":16,\"rope_parameters\":{\"rope_type\":\"default\","
            + "\"rope_theta\":777.0},\"unknown\":[1]}";

    @Test
    void readsBothFormsOfRotarySettings() throws IOException {
        Path file = Files.writeString(folder.resolve("config.json"), SOUND);
        assertEquals(777, ConfigJson.read(file).ropeTheta());
        assertEquals(2, ConfigJson.read(file).numKeyValueHeads());
        assertEquals(LayoutLength.SEQUENCE, ConfigJson.read(file).layoutLength());
        Files.writeString(file, SOUND.replace("\"rope_parameters\":{\"rope_type\":\"default\",\"rope_theta\":777.0}",
                "\"rope_theta\":888"));
        assertEquals(888, ConfigJson.read(file).ropeTheta());
    }

    @Test
    void saysWhatIsWrong() throws IOException {
        refused("\"vocab_size\":11,", "", " lacks 'vocab_size': it must be a whole number");
        refused("\"vocab_size\":11", "\"vocab_size\":11.5", " has 'vocab_size' = 11.5: it must be a whole number of at most 2147483647");
        refused("\"vocab_size\":11", "\"vocab_size\":0", ": vocab_size must be at least 1 (got 0)");
        refused("\"num_attention_heads\":2", "\"num_attention_heads\":3",
                ": num_attention_heads must divide hidden_size (got 3 heads for hidden size 8)");
        refused("\"unknown\":[1]", "\"num_key_value_heads\":3",
                ": num_key_value_heads must divide num_attention_heads (got 3 for 2 heads)");
        refused("\"num_experts_per_tok\":2", "\"num_experts_per_tok\":5",
                ": num_experts_per_tok must not exceed num_experts (got 5 of 4)");
        refused("olmoe", "llama", " has 'model_type' = \"llama\": only 'olmoe' is supported");
        refused("\"unknown\":[1]", "\"hidden_act\":\"gelu\"", " has 'hidden_act' = \"gelu\": only 'silu' is supported");
        refused("default", "yarn", " has 'rope_parameters.rope_type' = \"yarn\": scaled rotary embeddings are not part of OLMoE; it must be"
                + " \"default\"");
        refused("\"unknown\":[1]", "\"attention_pattern\":\"spp\"", ": unknown attention pattern 'spp': choose one of "
                + StandardPattern.names() + ", " + Patterns.namesWithSettings()
                + "; a pattern of your own is found if its class is on the class path and listed in"
                + " META-INF/services/ai.spattention.pattern.AttentionPattern, or if it is passed where the model is loaded");
        refused("\"unknown\":[1]", "\"layout_length\":-4",
                ": a layout length must be at least 1, or 'sequence' (got -4)");
        refused("\"unknown\":[1]", "\"vocab_size\":12",
                " is not valid JSON: Duplicate field 'vocab_size' (line 1)");
        refused(SOUND, "[]", " must hold one JSON object");
        Path absent = folder.resolve("none").resolve("config.json");
        assertEquals("cannot read " + absent + ": a model folder needs a config.json",
                assertThrows(InvalidInputException.class, () -> ConfigJson.read(absent)).getMessage());
    }

    /** Written again, such a number would be no number. */
    @Test
    void infiniteNumbersAreRefused() throws IOException {
        refused("\"unknown\":[1]", "\"initializer_range\":1e999", ": initializer_range must be at least 0 and finite (got Infinity)");
        refused("\"unknown\":[1]", "\"clip_qkv\":1e39", ": clip_qkv must be positive and finite, or absent (got Infinity)");
        refused("\"unknown\":[1]", "\"router_aux_loss_coef\":1e999",
                ": router_aux_loss_coef must be at least 0 and finite (got Infinity)");
    }

    private void refused(String part, String replacement, String message) throws IOException {
        Path file = Files.writeString(folder.resolve("config.json"), SOUND.replace(part, replacement));
        assertEquals(file + message, assertThrows(InvalidInputException.class, () -> ConfigJson.read(file)).getMessage());
    }
}
