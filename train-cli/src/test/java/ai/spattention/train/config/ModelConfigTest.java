package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.olmoe.config.LayerPatterns;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelConfigTest {

    private static final ModelConfig DEFAULTS = new ModelConfig(257, 64, 32, 2, 4, 4, 8, 2, false, null, 10000, 1e-5, false,
            0.02, 128, LayerPatterns.all(StandardPattern.SP), LayoutLength.of(128), 0, "auto");

    @Test
    void defaults() {
        assertEquals(DEFAULTS, ConfigFiles.load().model());
    }

    @Test
    void everyKey() {
        ModelConfig changed = ConfigFiles.load(
                "model.vocab_size=300",
                "model.hidden_size=96",
                "model.intermediate_size=48",
                "model.num_hidden_layers=3",
                "model.num_attention_heads=6",
                "model.num_key_value_heads=2",
                "model.num_experts=16",
                "model.num_experts_per_tok=4",
                "model.norm_topk_prob=true",
                "model.clip_qkv=8",
                "model.rope_theta=5e5",
                "model.rms_norm_eps=1e-6",
                "model.tie_word_embeddings=true",
                "model.initializer_range=0.01",
                "model.max_position_embeddings=512",
                "model.attention_pattern=exclusive",
                "model.layout_length=sequence",
                "model.attention_dropout=0.1",
                "model.kernel=tiled").model();
        assertEquals(new ModelConfig(300, 96, 48, 3, 6, 2, 16, 4, true, 8.0, 5e5, 1e-6, true, 0.01, 512,
                LayerPatterns.all(StandardPattern.EXCLUSIVE), LayoutLength.SEQUENCE, 0.1, "tiled"), changed);
        ConfigFiles.assertAllDiffer(DEFAULTS, changed);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "model.vocab_size=0 | model.vocab_size must be at least 1 (got 0)",
            "model.hidden_size=1 | model.hidden_size must be at least 2 (got 1)",
            "model.intermediate_size=-3 | model.intermediate_size must be at least 1 (got -3)",
            "model.num_hidden_layers=0 | model.num_hidden_layers must be at least 1 (got 0)",
            "model.num_attention_heads=0 | model.num_attention_heads must be at least 1 (got 0)",
            "model.num_attention_heads=3 | model.num_attention_heads must divide model.hidden_size (got 3 and 64)",
            "model.num_key_value_heads=0 | model.num_key_value_heads must be at least 1 (got 0)",
            "model.num_key_value_heads=3 | model.num_key_value_heads must divide model.num_attention_heads (got 3 and 4)",
            "model.num_experts=0 | model.num_experts must be at least 1 (got 0)",
            "model.num_experts_per_tok=0 | model.num_experts_per_tok must be at least 1 (got 0)",
            "model.num_experts_per_tok=9 | model.num_experts_per_tok must be at most model.num_experts (got 9 and 8)",
            "model.clip_qkv=0 | model.clip_qkv must be a number above 0 (got 0.0)",
            "model.rope_theta=0 | model.rope_theta must be a number above 0 (got 0.0)",
            "model.rms_norm_eps=1e400 | model.rms_norm_eps must be a number above 0 (got Infinity)",
            "model.initializer_range=-1 | model.initializer_range must be a number above 0 (got -1.0)",
            "model.max_position_embeddings=127 | model.max_position_embeddings must be at least data.sequence_length (got 127 and 128)",
            "model.layout_length=0 | model.layout_length must be a whole number of at least 1, or sequence (got 0)",
            "model.layout_length=none | model.layout_length must be a whole number of at least 1, or sequence (got 'none')",
            "model.attention_dropout=1 | model.attention_dropout must lie in [0, 1) (got 1.0)",
            "model.attention_pattern=SP | 'model.attention_pattern must be one of causal, sp, exclusive, local, window, gapped, longformer, bigbird, reformer, window:W, longformer-dilated[:DILATION], bigbird-random[:SEED], lsh[:ROUNDS], a pattern of your class path, or a list of such that repeats over the layers (got ''SP'')'",
            "model.attention_pattern=[sp, causal, sp] | model.attention_pattern must not list more patterns than model.num_hidden_layers (got 3 and 2)",
            "model.kernel=fast | 'model.kernel must be one of auto, fused, window, tiled, masked, dense (got fast)'",
            "model.num_attention_heads=64 | 'a head''s width, model.hidden_size / model.num_attention_heads, must be even for the rotary embedding (got 64 / 64 = 1)'",
    })
    void refuses(String override, String message) {
        assertEquals(message, ConfigFiles.refusedOverride(override));
    }

    @Test
    void hashedAttentionNeedsAsManyKeyValueHeadsAsHeads() {
        String message = ConfigFiles.refusal(ConfigFiles.REQUIRED, "model.attention_pattern=lsh:2", "model.num_key_value_heads=2");
        assertTrue(message.endsWith(": model.attention_pattern lsh shares queries and keys, so that model.num_key_value_heads must be"
                + " model.num_attention_heads (got 2 and 4)"), message);
    }
}
