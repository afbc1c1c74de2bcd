package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DataConfigTest {

    private static final DataConfig DEFAULTS = new DataConfig("", ValidationFolders.NONE, 0, 128, false);

    @Test
    void defaults() {
        assertEquals(DEFAULTS, ConfigFiles.load().data());
    }

    @Test
    void everyKey() {
        DataConfig changed = ConfigFiles.load(
                "data.path=prepared/text",
                "data.validation_path=held-out",
                "data.seed=5",
                "data.sequence_length=64",
                "data.document_mask=true").data();
        assertEquals(new DataConfig("prepared/text", new ValidationFolders(Map.of("validation", "held-out")), 5, 64, true), changed);
        ConfigFiles.assertAllDiffer(DEFAULTS, changed);
    }

    @Test
    void theSeedOfTheDataIsTheRunsUnlessItIsSet() {
        assertEquals(3, ConfigFiles.load("seed=3").data().seed());
        assertEquals(4, ConfigFiles.load("seed=3", "data.seed=4").data().seed());
        assertEquals("seed must be at least 0 (got -1)", ConfigFiles.refusedOverride("seed=-1"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "data.sequence_length=1 | data.sequence_length must be at least 2 (got 1)",
            "data.document_mask=1 | data.document_mask must be true or false (got 1)",
            "data.seed=-1 | data.seed must be at least 0 (got -1)",
            "data.validation_path=1 | data.validation_path must be a folder, a list of them, or names with folders:"
                    + " put numbers and the like in quotes",
            "data.validation_path=a=x,a=y | data.validation_path has the name 'a' twice: give each folder a name of its own (NAME=FOLDER)",
            "data.path=12 | data.path must be text (got 12): put it in quotes",
    })
    void refuses(String override, String message) {
        assertEquals(message, ConfigFiles.refusedOverride(override));
    }
}
