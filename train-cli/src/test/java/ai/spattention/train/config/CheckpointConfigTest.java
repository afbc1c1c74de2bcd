package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CheckpointConfigTest {

    private static final CheckpointConfig DEFAULTS = new CheckpointConfig(0, 2);

    @Test
    void defaults() {
        assertEquals(DEFAULTS, ConfigFiles.load().checkpoint());
    }

    @Test
    void everyKey() {
        CheckpointConfig changed = ConfigFiles.load(
                "checkpoint.every_steps=10",
                "checkpoint.keep_last=5").checkpoint();
        assertEquals(new CheckpointConfig(10, 5), changed);
        ConfigFiles.assertAllDiffer(DEFAULTS, changed);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "checkpoint.every_steps=-1 | checkpoint.every_steps must be at least 0 (got -1)",
            "checkpoint.keep_last=0 | checkpoint.keep_last must be at least 1 (got 0)",
    })
    void refuses(String override, String message) {
        assertEquals(message, ConfigFiles.refusedOverride(override));
    }
}
