package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ValidationConfigTest {

    private static final ValidationConfig DEFAULTS = new ValidationConfig(0, 64, LayoutChoice.MODEL, NONE, NONE);

    @Test
    void defaults() {
        assertEquals(DEFAULTS, ConfigFiles.load().validation());
    }

    @Test
    void everyKey() {
        ValidationConfig changed = ConfigFiles.load(
                "validation.every_steps=10",
                "validation.sequences=8").validation();
        assertEquals(new ValidationConfig(10, 8), changed);
        ConfigFiles.assertAllDiffer(DEFAULTS, changed);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "validation.every_steps=-1 | validation.every_steps must be at least 0 (got -1)",
            "validation.sequences=0 | validation.sequences must be at least 1 (got 0)",
    })
    void refuses(String override, String message) {
        assertEquals(message, ConfigFiles.refusedOverride(override));
    }
}
