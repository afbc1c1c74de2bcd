package ai.spattention.olmoe.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.spattention.cuda.GraphRefusedException;
import ai.spattention.olmoe.pass.TrainingPass.Start;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PassStartsTest {

    private final List<String> notes = new ArrayList<>();
    private final List<Start> started = new ArrayList<>();

    private int run(PassStarts starts, RuntimeException ofGraphs) {
        return starts.run(start -> {
            started.add(start);
            if (start == Start.GRAPH && ofGraphs != null) {
                throw ofGraphs;
            }
            return 5;
        });
    }

    @Test
    void aRefusedGraphIsTheLastOneThatIsTried() {
        PassStarts starts = new PassStarts(Start.GRAPH, notes::add);
        assertEquals(5, run(starts, null));
        assertEquals(List.of(Start.GRAPH), started);
        assertEquals(5, run(starts, new GraphRefusedException("error 900", null)));
        assertEquals(5, run(starts, null));
        assertEquals(List.of(Start.GRAPH, Start.GRAPH, Start.LAUNCHES, Start.LAUNCHES), started);
        assertEquals(List.of("the driver refuses a CUDA graph, launches go one by one: error 900"), notes);
    }

    /** Who knows how much of it has run. */
    @Test
    void anyOtherFailureStopsAndNothingRunsAgain() {
        RuntimeException failure = new IllegalStateException("cuGraphLaunch failed: error 700 (an illegal memory access)");
        PassStarts starts = new PassStarts(Start.GRAPH, notes::add);
        assertSame(failure, assertThrows(IllegalStateException.class, () -> run(starts, failure)));
        assertEquals(List.of(Start.GRAPH), started);
        assertEquals(List.of(), notes);
    }

    @Test
    void aLaunchThatFailsIsNotTriedAgain() {
        PassStarts starts = new PassStarts(Start.LAUNCHES, notes::add);
        assertThrows(GraphRefusedException.class, () -> starts.run(start -> {
            started.add(start);
            throw new GraphRefusedException("cannot be", null);
        }));
        assertEquals(1, started.size());
    }
}
