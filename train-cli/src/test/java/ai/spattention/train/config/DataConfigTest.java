package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DataConfigTest {

    private static final DataConfig DEFAULTS = new DataConfig("", 128, false);

    @Test
    void defaults() {
        assertEquals(DEFAULTS, ConfigFiles.load().data());
    }

    @Test
    void everyKey() {
        DataConfig changed = ConfigFiles.load(
                "data.path=prepared/text",
                "data.sequence_length=64",
                "data.document_mask=true").data();
        assertEquals(new DataConfig("prepared/text", 64, true), changed);
        ConfigFiles.assertAllDiffer(DEFAULTS, changed);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "data.sequence_length=1 | data.sequence_length must be at least 2 (got 1)",
            "data.document_mask=1 | data.document_mask must be true or false (got 1)",
            "data.path=12 | data.path must be text (got 12): put it in quotes",
    })
    void refuses(String override, String message) {
        assertEquals(message, ConfigFiles.refusedOverride(override));
    }
}
