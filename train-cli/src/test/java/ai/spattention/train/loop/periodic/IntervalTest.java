package ai.spattention.train.loop.periodic;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class IntervalTest {

    private static List<Long> included(int everySteps, long first, long last) {
        return LongStream.rangeClosed(first, last).filter(step -> new Interval(everySteps).includes(step, step == last)).boxed().toList();
    }

    @Test
    void everySoManyStepsAndAtTheLast() {
        assertEquals(List.of(3L, 6L, 9L, 10L), included(3, 1, 10));
        assertEquals(List.of(3L, 6L, 9L), included(3, 1, 9));
        assertEquals(List.of(1L, 2L, 3L), included(1, 1, 3));
        assertEquals(List.of(2L), included(3, 1, 2), "an interval longer than the run");
    }

    @Test
    void zeroIsTheLastOnly() {
        assertEquals(List.of(10L), included(0, 1, 10));
    }

    @Test
    void aResumeDoesNotShiftIt() {
        assertEquals(List.of(6L, 9L, 11L), included(3, 5, 11));
    }

    @Test
    void whatIsStillToComeBeforeTheLastStep() {
        for (int everySteps = 0; everySteps < 5; everySteps++) {
            for (long last = 1; last < 9; last++) {
                for (long step = 1; step <= last; step++) {
                    Interval interval = new Interval(everySteps);
                    boolean expected = LongStream.range(step, last).anyMatch(later -> interval.includes(later, false));
                    assertEquals(expected, interval.comesBetween(step, last), everySteps + " from " + step + " to " + last);
                }
            }
        }
    }
}
