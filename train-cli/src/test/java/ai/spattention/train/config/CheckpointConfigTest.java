package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CheckpointConfigTest {

    private static final CheckpointConfig DEFAULTS = new CheckpointConfig(0, 2, 0, false);

    @Test
    void defaults() {
        assertEquals(DEFAULTS, ConfigFiles.load().checkpoint());
    }

    @Test
    void everyKey() {
        CheckpointConfig changed = ConfigFiles.load(
                "checkpoint.every_steps=10",
                "checkpoint.keep_last=5",
                "checkpoint.keep_every_steps=30",
                "checkpoint.asynchronous=true").checkpoint();
        assertEquals(new CheckpointConfig(10, 5, 30, true), changed);
        ConfigFiles.assertAllDiffer(DEFAULTS, changed);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "checkpoint.every_steps=-1 | checkpoint.every_steps must be at least 0 (got -1)",
            "checkpoint.keep_last=0 | checkpoint.keep_last must be at least 1 (got 0)",
            "checkpoint.keep_every_steps=-1 | checkpoint.keep_every_steps must be at least 0 (got -1)",
            "checkpoint.keep_every_steps=5 | checkpoint.keep_every_steps must be 0 or a multiple of checkpoint.every_steps (got 5 and 0)",
    })
    void refuses(String override, String message) {
        assertEquals(message, ConfigFiles.refusedOverride(override));
    }

    @Test
    void whatIsKeptForGoodIsWritten() {
        assertEquals("--set checkpoint.keep_every_steps=25: checkpoint.keep_every_steps must be 0 or a multiple of"
                + " checkpoint.every_steps (got 25 and 10)", ConfigFiles.refusal(ConfigFiles.REQUIRED,
                "checkpoint.every_steps=10", "checkpoint.keep_every_steps=25"));
    }
}
