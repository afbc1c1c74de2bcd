package ai.spattention.eval.probe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProbeSettingsTest {

    @Test
    void defaultsAreThoseOfTheStudy() {
        ProbeSettings defaults = ProbeSettings.of(List.of());
        assertEquals(ProbeSettings.DEFAULTS, defaults);
        assertEquals(List.of(0, 64, 128, 256, 512, 1024, 1536, 2048), defaults.positionEdges());
        assertEquals(0, defaults.recallWidth());
        assertEquals(3e-5, defaults.recallRarerThan());
        assertEquals(List.of(32, 64, 128, 250, 264, 384, 512, 768, 1000, 1024, 1500, 1900), defaults.copyDistances());
        assertEquals(64, defaults.copySequences());
        assertEquals(32, defaults.copyTokens());
        assertEquals(4000, defaults.copyCommonest());
        assertEquals(0, defaults.copySeed());
        assertEquals(List.of(512, 1024, 4096), defaults.lengths());
    }

    @Test
    void everyKeyChangesItsValue() {
        ProbeSettings changed = ProbeSettings.of(List.of("position.edges=0, 9", "recall.width=5", "recall.rarer_than=1e-4",
                "copy.distances=7,8", "copy.sequences=2", "copy.tokens=6", "copy.commonest=50", "copy.seed=12345678901", "length.lengths=3"));
        assertEquals(new ProbeSettings(List.of(0, 9), 5, 1e-4, List.of(7, 8), 2, 6, 50, 12_345_678_901L, List.of(3)), changed);
        assertEquals(9, changed.toMap().size());
        assertEquals(changed, ProbeSettings.of(changed.toMap().entrySet().stream().map(Object::toString).toList()));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "position.edges=1,2 | the probes' setting position.edges must begin with 0 (got 1,2)",
            "position.edges=0,5,5 | the probes' setting position.edges must be whole numbers of at least 0, ascending, separated by commas"
                    + " (got 0,5,5)",
            "position.edges= | the probes' setting position.edges must be whole numbers separated by commas (got '')",
            "recall.width=-1 | the probes' setting recall.width must be at least 0 (got -1)",
            "recall.width=5000000000 | the probes' setting recall.width must be a whole number (got '5000000000')",
            "recall.rarer_than=NaN | the probes' setting recall.rarer_than must lie in [1.0E-6, 1] (got NaN)",
            "recall.rarer_than=1e-9 | the probes' setting recall.rarer_than must lie in [1.0E-6, 1] (got 1.0E-9)",
            "recall.rarer_than=x | the probes' setting recall.rarer_than must be a number (got 'x')",
            "copy.distances=31 | the probes' setting copy.distances must be whole numbers of at least 32, ascending, separated by commas"
                    + " (got 31)",
            "copy.sequences=0 | the probes' setting copy.sequences must be at least 1 (got 0)",
            "copy.tokens=1 | the probes' setting copy.tokens must be at least 2, since the first is not counted (got 1)",
            "copy.commonest=31 | the probes' setting copy.commonest must be at least copy.tokens = 32 (got 31)",
            "copy.seed=-1 | the probes' setting copy.seed must be at least 0 (got -1)",
            "length.lengths=0,4 | the probes' setting length.lengths must be whole numbers of at least 1, ascending, separated by commas"
                    + " (got 0,4)",
            "copy.sed=1 | the probes' settings are KEY=VALUE with a key of copy.commonest, copy.distances, copy.seed, copy.sequences,"
                    + " copy.tokens, length.lengths, position.edges, recall.rarer_than, recall.width (got copy.sed=1)"})
    void badValuesAreRefused(String assignment, String message) {
        assertEquals(message, assertThrows(InvalidInputException.class, () -> ProbeSettings.of(List.of(assignment))).getMessage());
    }

    @Test
    void namesAreReadInAnyOrder() {
        assertEquals(EnumSet.of(ProbeName.POSITION, ProbeName.COPY), ProbeName.parse(List.of(" copy", "position", "copy")));
        assertEquals(EnumSet.complementOf(EnumSet.of(ProbeName.TASKS)), ProbeName.parse(List.of("all")));
        assertEquals(EnumSet.allOf(ProbeName.class), ProbeName.parse(List.of("tasks", "all")));
        assertTrue(ProbeName.parse(List.of()).isEmpty());
        assertEquals("there is no probe 'recal': choose of all, loss, position, recall, copy, length, tasks",
                assertThrows(InvalidInputException.class, () -> ProbeName.parse(List.of("loss", "recal"))).getMessage());
    }
}
