package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.eval.probe.ProbeName;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ValidationConfigTest {

    private static final TextList NONE = new TextList(List.of());
    private static final ValidationConfig DEFAULTS = new ValidationConfig(0, 64, LayoutChoice.MODEL, NONE, NONE);

    @Test
    void defaults() {
        assertEquals(DEFAULTS, ConfigFiles.load().validation());
    }

    @Test
    void everyKey() {
        ValidationConfig changed = ConfigFiles.load(
                "validation.every_steps=10",
                "validation.sequences=8",
                "validation.layout=fixed",
                "validation.probes=[position, recall]",
                "validation.probe_settings=[copy.sequences=2, \"copy.distances=32,64\"]").validation();
        assertEquals(new ValidationConfig(10, 8, LayoutChoice.FIXED, new TextList(List.of("position", "recall")),
                new TextList(List.of("copy.sequences=2", "copy.distances=32,64"))), changed);
        assertEquals(EnumSet.of(ProbeName.POSITION, ProbeName.RECALL), changed.probeNames());
        assertEquals(2, changed.probing().copySequences());
        assertEquals(List.of(32, 64), changed.probing().copyDistances());
        ConfigFiles.assertAllDiffer(DEFAULTS, changed);
    }

    /** In a file as a list of one line or several, or as text; written as a list. */
    @ParameterizedTest
    @ValueSource(strings = {"[position, \"copy\"]", "\n    - position\n    - copy", "position,copy", "\"[position, copy]\""})
    void listsAreReadHoweverTheyAreWritten(String value) {
        RunConfig config = ConfigFiles.loadText(ConfigFiles.REQUIRED + "validation:\n  probes: " + value + "\n");
        assertEquals(List.of("position", "copy"), config.validation().probes().items());
        assertEquals("[position, copy]", RunConfigWriter.settings(config).get("validation.probes"));
        assertEquals("[]", RunConfigWriter.settings(config).get("validation.probe_settings"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "validation.every_steps=-1 | validation.every_steps must be at least 0 (got -1)",
            "validation.sequences=0 | validation.sequences must be at least 1 (got 0)",
            "validation.layout=own | validation.layout must be one of model, fixed, sequence (got 'own')",
            "validation.probes=recal | 'validation.probes: there is no probe ''recal'': choose of all, loss, position, recall, copy, length,"
                    + " tasks'",
            "validation.probes=3 | validation.probes must be a list of texts, such as [a, b] (got 3)",
            "validation.probe_settings=copy.tokens=1 | 'validation.probe_settings: the probes'' setting copy.tokens must be at least 2, since"
                    + " the first is not counted (got 1)'",
            "validation.probes=tasks | 'validation.probes names tasks, but evaluation.tasks names none: name them, with evaluation.data'",
    })
    void refuses(String override, String message) {
        assertEquals(message, ConfigFiles.refusedOverride(override));
    }
}
