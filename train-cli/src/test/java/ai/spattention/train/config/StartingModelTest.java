package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.config.LayerPatterns;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StartingModelTest {

    @TempDir
    private Path folder;

    /** As Hugging Face writes it: dense, and with a few values that are not the defaults. */
    @BeforeEach
    void writeConfig() throws IOException {
        Files.writeString(Files.createDirectories(folder.resolve("run/model")).resolve("config.json"), """
                {"architectures": ["OlmoeForCausalLM"], "model_type": "olmoe", "vocab_size": 300, "hidden_size": 32, "intermediate_size": 24,
                 "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2, "num_experts": 4, "num_experts_per_tok": 2,
                 "max_position_embeddings": 64, "rope_theta": 5000.0, "norm_topk_prob": true, "rms_norm_eps": 1e-06, "clip_qkv": 8.0,
                 "tie_word_embeddings": true, "eos_token_id": 7}""");
    }

    private Path model() {
        return folder.resolve("run/model");
    }

    private RunConfig load(String... overrides) {
        List<String> all = new ArrayList<>(List.of("from=" + model()));
        all.addAll(List.of(overrides));
        return RunConfigLoader.load(Presets.finetune(), all);
    }

    private String refusal(String... overrides) {
        return assertThrows(InvalidInputException.class, () -> load(overrides)).getMessage().replace(folder.toString(), "FOLDER");
    }

    @Test
    void theModelsSizesAndSettingsAreTheRuns() {
        RunConfig run = load();
        OlmoeConfig model = run.model();
        assertEquals(model().toString(), run.from());
        assertEquals(List.of(300, 32, 24, 3, 4, 2, 4, 2, 64), List.of(model.vocabSize(), model.hiddenSize(), model.intermediateSize(),
                model.numHiddenLayers(), model.numAttentionHeads(), model.numKeyValueHeads(), model.numExperts(), model.numExpertsPerTok(),
                model.maxPositionEmbeddings()));
        assertEquals(5000, model.ropeTheta());
        assertEquals(8f, model.clipQkv());
        assertEquals(1e-6f, model.rmsNormEps());
        assertTrue(model.normTopkProb() && model.tieWordEmbeddings());
        assertEquals(LayerPatterns.all(StandardPattern.CAUSAL), model.patterns());
        assertEquals(LayoutLength.SEQUENCE, model.layoutLength());
        assertEquals(64, run.data().sequenceLength());
    }

    @Test
    void aRunsFolderStandsForItsModel() {
        RunConfig run = load("from=" + folder.resolve("run"));
        assertEquals(load().model(), run.model());
        assertEquals(model(), StartingModel.folder(run.from()));
    }

    @Test
    void anotherAttentionIsLaidOutForTheRunsSequences() {
        OlmoeConfig model = load("model.attention_pattern=sp", "data.sequence_length=48").model();
        assertEquals(LayerPatterns.all(StandardPattern.SP), model.patterns());
        assertEquals(LayoutLength.of(48), model.layoutLength());
        assertEquals(LayoutLength.of(40), load("model.attention_pattern=sp", "model.layout_length=40").model().layoutLength());
    }

    @Test
    void sequencesMayBecomeLonger() {
        RunConfig run = load("data.sequence_length=128", "model.max_position_embeddings=128", "model.rope_theta=20000");
        assertEquals(128, run.model().maxPositionEmbeddings());
        assertEquals(20000, run.model().ropeTheta());
        assertTrue(refusal("data.sequence_length=128").contains("model.max_position_embeddings must be at least data.sequence_length"));
    }

    @Test
    void whatWeightsBelongToStays() {
        assertEquals("--set model.hidden_size=64: model.hidden_size is 64, but the weights of FOLDER/run/model belong to 32: leave it out,"
                + " or begin with new weights", refusal("model.hidden_size=64"));
        assertTrue(refusal("model.norm_topk_prob=false").contains("belong to true"));
        assertTrue(refusal("model.clip_qkv=null").contains("belong to 8.0"));
        assertEquals(load(), load("model.hidden_size=32", "model.clip_qkv=8", "model.rms_norm_eps=1e-6"));
    }

    @Test
    void theResolvedConfigurationReadsBack() throws IOException {
        RunConfig run = load("model.attention_pattern=sp");
        Path file = Files.writeString(folder.resolve("config.yaml"), RunConfigWriter.toYaml(run));
        assertEquals(run, RunConfigLoader.load(ConfigSource.of(file.toString()), List.of()));
        assertEquals(run.model(), RunConfigLoader.load(ConfigSource.of(file.toString()), List.of("from=")).model());
    }

    @Test
    void whatIsNoModelIsNamed() throws IOException {
        assertEquals("--set from=FOLDER/none: from must name a model's folder, with a config.json, or that of a finished run (got"
                + " 'FOLDER/none', which is no folder)", refusal("from=" + folder.resolve("none")).replaceAll("\\.\\.\\.", ""));
        Files.writeString(model().resolve("config.json"), "{");
        assertTrue(refusal().contains("config.json"), refusal());
    }
}
