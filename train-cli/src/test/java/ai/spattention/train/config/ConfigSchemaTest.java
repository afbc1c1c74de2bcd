package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigSchemaTest {

    private final ConfigSchema schema = ConfigSchema.ofRunConfig();

    @Test
    void listsWhatAWrittenConfigurationHasAndTheLengthsInTokens() {
        List<String> written = new ArrayList<>(RunConfigWriter.settings(ConfigFiles.load()).keySet());
        written.addAll(List.of("schedule.decay_tokens", "schedule.warmup_tokens", "training.tokens"));
        assertEquals(written.stream().sorted().toList(), schema.keys().stream().map(ConfigKey::path).sorted().toList());
    }

    @Test
    void everyKeyStandsInItsSectionAndSaysWhatItMeans() {
        List<ConfigKey> found = new ArrayList<>(schema.topKeys());
        schema.sections().forEach((section, meaning) -> {
            assertFalse(meaning.isBlank(), section);
            found.addAll(schema.keysOf(section));
        });
        assertEquals(schema.keys().stream().map(ConfigKey::path).sorted().toList(), found.stream().map(ConfigKey::path).sorted().toList());
        found.forEach(key -> {
            assertFalse(key.meaning().isBlank() || key.allowed().isBlank(), key.path());
            assertEquals(Optional.of(key), schema.find(key.path()));
        });
        assertEquals(Optional.empty(), schema.find("training"));
    }

    /** A default that is written down is the value that a configuration has, and what it follows is a key. */
    @Test
    void defaultsAreWhatIsSaid() {
        Map<String, String> settings = RunConfigWriter.settings(ConfigFiles.load());
        for (ConfigKey key : schema.keys()) {
            key.defaultValue().ifPresent(value -> assertEquals(settings.get(key.path()),
                    RunConfigWriter.settings(ConfigFiles.load(key.path() + "=" + value)).get(key.path())));
            key.follows().ifPresent(keys -> List.of(keys.split(" / ")).forEach(other -> assertTrue(schema.find(other).isPresent(), other)));
            key.standsFor().ifPresent(other -> assertTrue(schema.find(other).isPresent(), other));
        }
    }

    @Test
    void whatHasNoDefaultIsRequired() {
        assertEquals(List.of("name", "model.vocab_size", "model.hidden_size", "model.intermediate_size", "model.num_hidden_layers",
                "model.num_attention_heads", "model.num_experts", "model.num_experts_per_tok", "data.sequence_length", "training.steps",
                "training.micro_batch", "optimizer.peak_lr"), schema.keys().stream().filter(ConfigKey::isRequired).map(ConfigKey::path).toList());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "model.rope_theta | 10000 | | a number, positive and finite",
            "model.clip_qkv | null | | 'a number, positive and finite, or null'",
            "model.attention_dropout | 0 | | 'a number, in [0, 1)'",
            "model.num_key_value_heads | | model.num_attention_heads | 'a whole number, at least 1, a divisor of num_attention_heads'",
            "model.head_dim | | model.hidden_size / model.num_attention_heads | 'a whole number, at least 2, even'",
            "model.layout_length | | data.sequence_length | 'a whole number of at least 1, or sequence'",
            "model.kernel | auto | | 'auto, a kernel of this project (dense, masked, sdpa, tiled, window, fused), or one of your own on the class path'",
            "data.seed | | seed | 'a whole number, at least 0'",
            "sample.top_p | 1.0 | | 'a number, in (0, 1]'",
            "training.tokens | | | 'a whole number, at least 1'",
            "training.cuda_graph | auto | | 'one of auto, off'",
    })
    void says(String path, String defaultValue, String follows, String allowed) {
        ConfigKey key = schema.find(path).orElseThrow();
        assertEquals(Optional.ofNullable(defaultValue), key.defaultValue());
        assertEquals(Optional.ofNullable(follows), key.follows());
        assertEquals(allowed, key.allowed());
    }
}
