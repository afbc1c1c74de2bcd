package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelSectionTest {

    private static final OlmoeConfig DEFAULTS = OlmoeConfig.builder().setVocabSize(257).setHiddenSize(64).setIntermediateSize(32)
            .setNumHiddenLayers(2).setNumAttentionHeads(4).setNumExperts(8).setNumExpertsPerTok(2).setMaxPositionEmbeddings(128)
            .optPattern(StandardPattern.SP).optLayoutLength(LayoutLength.of(128)).build();

    @Test
    void defaults() {
        assertEquals(DEFAULTS, ConfigFiles.load().model());
        assertEquals("auto", ConfigFiles.load().kernel());
    }

    @Test
    void everyKey() {
        RunConfig run = ConfigFiles.load(
                "model.vocab_size=300",
                "model.hidden_size=96",
                "model.intermediate_size=48",
                "model.num_hidden_layers=3",
                "model.num_attention_heads=6",
                "model.num_key_value_heads=2",
                "model.head_dim=10",
                "model.num_experts=16",
                "model.num_experts_per_tok=4",
                "model.norm_topk_prob=true",
                "model.clip_qkv=8",
                "model.rope_theta=5e5",
                "model.rms_norm_eps=1e-6",
                "model.attention_bias=true",
                "model.tie_word_embeddings=true",
                "model.initializer_range=0.01",
                "model.max_position_embeddings=512",
                "model.attention_pattern=exclusive",
                "model.layout_length=sequence",
                "model.attention_dropout=0.1",
                "model.kernel=tiled");
        assertEquals(OlmoeConfig.builder().setVocabSize(300).setHiddenSize(96).setIntermediateSize(48).setNumHiddenLayers(3)
                .setNumAttentionHeads(6).optNumKeyValueHeads(2).optHeadDim(10).setNumExperts(16).setNumExpertsPerTok(4).optNormTopkProb(true)
                .optClipQkv(8f).optRopeTheta(5e5).optRmsNormEps(1e-6f).optAttentionBias(true).optTieWordEmbeddings(true)
                .optInitializerRange(0.01f).setMaxPositionEmbeddings(512).optPattern(StandardPattern.EXCLUSIVE)
                .optLayoutLength(LayoutLength.SEQUENCE).optAttentionDropout(0.1f).build(), run.model());
        assertEquals("tiled", run.kernel());
        Map<String, String> defaults = RunConfigWriter.settings(ConfigFiles.load());
        Map<String, String> changed = RunConfigWriter.settings(run);
        for (ConfigKey key : ConfigSchema.ofRunConfig().keysOf("model")) {
            assertNotEquals(defaults.get(key.path()), changed.get(key.path()), "not changed: " + key.path());
        }
    }

    /** They come from the training section and from the data's tokenizer. */
    @ParameterizedTest
    @ValueSource(strings = {"router_aux_loss_coef", "router_z_loss_coef", "bos_token_id", "eos_token_id", "pad_token_id"})
    void hasNoKeyForWhatStandsElsewhere(String key) {
        String message = ConfigFiles.refusedOverride("model." + key + "=1");
        assertTrue(message.startsWith("unknown key 'model." + key + "': "), message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "model.vocab_size=0 | model.vocab_size must be at least 1 (got 0)",
            "model.hidden_size=1 | model.num_attention_heads must divide model.hidden_size (got 4 heads for hidden size 1)",
            "model.intermediate_size=-3 | model.intermediate_size must be at least 1 (got -3)",
            "model.num_hidden_layers=0 | model.num_hidden_layers must be at least 1 (got 0)",
            "model.num_attention_heads=0 | model.num_attention_heads must be at least 1 (got 0)",
            "model.num_attention_heads=3 | model.num_attention_heads must divide model.hidden_size (got 3 heads for hidden size 64)",
            "model.num_key_value_heads=0 | model.num_key_value_heads must be at least 1 (got 0)",
            "model.num_key_value_heads=3 | model.num_key_value_heads must divide model.num_attention_heads (got 3 for 4 heads)",
            "model.num_experts=0 | model.num_experts must be at least 1 (got 0)",
            "model.num_experts_per_tok=0 | model.num_experts_per_tok must be at least 1 (got 0)",
            "model.num_experts_per_tok=9 | model.num_experts_per_tok must not exceed model.num_experts (got 9 of 8)",
            "model.clip_qkv=0 | 'model.clip_qkv must be positive and finite, or absent (got 0.0)'",
            "model.rope_theta=0 | model.rope_theta must be positive and finite (got 0.0)",
            "model.rms_norm_eps=1e400 | model.rms_norm_eps must be positive and finite (got Infinity)",
            "model.initializer_range=-1 | model.initializer_range must be at least 0 and finite (got -1.0)",
            "model.initializer_range=0 | model.initializer_range must be positive and finite (got 0.0)",
            "model.max_position_embeddings=127 | model.max_position_embeddings must be at least data.sequence_length (got 127 and 128)",
            "model.layout_length=0 | model.layout_length must be a whole number of at least 1, or sequence (got 0)",
            "model.layout_length=none | model.layout_length must be a whole number of at least 1, or sequence (got 'none')",
            "model.attention_dropout=1 | model.attention_dropout must lie in [0, 1) (got 1.0)",
            "model.attention_pattern=SP | 'model.attention_pattern must be one of causal, sp, exclusive, local, window, gapped, longformer, bigbird, reformer, window:W, longformer-dilated[:DILATION], bigbird-random[:SEED], lsh[:ROUNDS], a pattern of your class path, or a list of such that repeats over the layers (got ''SP'')'",
            "model.attention_pattern=[sp, causal, sp] | model.attention_pattern must not list more patterns than there are layers (got 3 for model.num_hidden_layers 2)",
            "model.kernel=fast | 'model.kernel must be one of auto, fused, window, tiled, sdpa, masked, dense (got fast)'",
            "model.num_attention_heads=64 | the head dimension must be even and at least 2 (got 1)",
            "model.head_dim=3 | the head dimension must be even and at least 2 (got 3)",
    })
    void refuses(String override, String message) {
        assertEquals(message, ConfigFiles.refusedOverride(override));
    }

    @Test
    void hashedAttentionNeedsAsManyKeyValueHeadsAsHeads() {
        String message = ConfigFiles.refusal(ConfigFiles.REQUIRED, "model.attention_pattern=lsh:2", "model.num_key_value_heads=2");
        assertTrue(message.endsWith(": model.attention_pattern lsh shares queries and keys, so that model.num_key_value_heads must be"
                + " model.num_attention_heads (got 2 for 4 heads)"), message);
    }
}
