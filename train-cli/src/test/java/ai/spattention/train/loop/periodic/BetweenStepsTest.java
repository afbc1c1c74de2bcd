package ai.spattention.train.loop.periodic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class BetweenStepsTest {

    private final List<String> told = new ArrayList<>();

    /** Tells what it is asked to do, and fails to close where a failure is given. */
    private final class Fake implements Periodic {

        private final String name;
        private final Interval interval;
        private final Exception failure;

        private Fake(String name, int everySteps, Exception failure) {
            this.name = name;
            this.interval = new Interval(everySteps);
            this.failure = failure;
        }

        @Override
        public boolean isDue(long step, boolean isLast) {
            return interval.includes(step, isLast);
        }

        @Override
        public void act(StepEnd end, StepMetrics.Builder metrics) {
            told.add(name + " " + end.step());
            metrics.optMemoryMb(end.step());
        }

        @Override
        public void close() throws IOException {
            told.add("close " + name);
            if (failure instanceof IOException checked) {
                throw checked;
            }
            if (failure != null) {
                throw (RuntimeException) failure;
            }
        }
    }

    private BetweenSteps of(Fake... fakes) {
        BetweenSteps all = new BetweenSteps();
        Arrays.stream(fakes).forEach(fake -> assertSame(fake, all.add(fake)));
        return all;
    }

    private static StepMetrics act(Periodic periodic, long step, boolean isLast) throws IOException {
        StepMetrics.Builder metrics = StepMetrics.builder().setStep(step);
        periodic.act(new StepEnd(new RunProgress(step, 0, 0), isLast, null, null, () -> false), metrics);
        return metrics.build();
    }

    @Test
    void thoseThatAreDueActInTurn() throws IOException {
        BetweenSteps all = of(new Fake("thirds", 3, null), new Fake("last", 0, null), new Fake("halves", 2, null));
        for (long step = 1; step <= 7; step++) {
            boolean isDue = all.isDue(step, step == 7);
            assertEquals(step % 2 == 0 || step % 3 == 0 || step == 7, isDue, "step " + step);
            if (isDue) {
                assertEquals(step, act(all, step, step == 7).memoryMb().orElseThrow(), "what acts adds to the metrics");
            }
        }
        assertEquals(List.of("halves 2", "thirds 3", "halves 4", "thirds 6", "halves 6", "thirds 7", "last 7", "halves 7"), told);
    }

    @Test
    void nothingIsNeverDue() throws IOException {
        BetweenSteps nothing = new BetweenSteps();
        assertFalse(nothing.isDue(1, true));
        assertTrue(act(nothing, 1, true).memoryMb().isEmpty());
        nothing.close();
    }

    @Test
    void closesAllEvenIfSomeFail() {
        BetweenSteps all = of(new Fake("a", 0, new IOException("first")), new Fake("b", 0, null),
                new Fake("c", 0, new IllegalStateException("third")), new Fake("d", 0, new IOException("fourth")), new Fake("e", 0, null));
        IOException failure = assertThrows(IOException.class, all::close);
        assertEquals(List.of("close e", "close d", "close c", "close b", "close a"), told);
        assertEquals("fourth", failure.getMessage(), "the first that failed");
        assertEquals(List.of("third", "first"), Arrays.stream(failure.getSuppressed()).map(Throwable::getMessage).toList());
    }
}
