package ai.spattention.train.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class BreakEvenTest {

    /** The median, which does not count here, is twice the fastest. */
    private static AttentionBench.Row row(String pattern, int length, String kernel, double ms) {
        return new AttentionBench.Row(pattern, length, 1, kernel, "", Map.of(), false, 1, ms, 2 * ms, ms, OptionalLong.empty());
    }

    @Test
    void comparesTheFastestKernels() {
        BreakEven sp = BreakEven.of(List.of(
                row("causal", 128, "dense", 4), row("causal", 128, "masked", 8), row("sp", 128, "masked", 8), row("sp", 128, "tiled", 16),
                row("causal", 512, "dense", 30), row("sp", 512, "masked", 90), row("sp", 512, "tiled", 60),
                row("causal", 1024, "dense", 90), row("sp", 1024, "tiled", 60))).get(0);
        assertEquals("sp", sp.pattern());
        assertEquals(Map.of(128, new BreakEven.Best("masked", 0.5), 512, new BreakEven.Best("tiled", 0.5), 1024, new BreakEven.Best("tiled", 1.5)),
                sp.best());
        assertEquals(OptionalInt.of(1024), sp.fasterFrom());
        assertEquals(Map.of(128, "masked", 512, "tiled"), sp.kernels());
        assertEquals("masked from 128, tiled from 512", sp.kernelsText());
    }

    @Test
    void aPatternThatFallsBackIsNotFasterFromThere() {
        List<AttentionBench.Row> rows = List.of(row("causal", 1, "dense", 2), row("sp", 1, "tiled", 1), row("causal", 2, "dense", 2),
                row("sp", 2, "tiled", 2), row("causal", 3, "dense", 2), row("sp", 3, "tiled", 1));
        assertEquals(OptionalInt.of(3), BreakEven.of(rows).get(0).fasterFrom());
        assertEquals(OptionalInt.empty(), BreakEven.of(rows.subList(0, 4)).get(0).fasterFrom());
    }

    @Test
    void withoutDenseAttentionThereIsNothingToCompareWith() {
        assertTrue(BreakEven.of(List.of(row("sp", 1, "tiled", 1))).isEmpty());
        assertTrue(BreakEven.of(List.of(row("causal", 1, "dense", 1))).isEmpty());
    }
}
