package ai.spattention.train.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** The schedules against their closed formulas, above all at the edges. */
class ScheduleTest {

    private static void assertRate(double expected, Schedule schedule, long step) {
        assertEquals(expected, schedule.learningRate(step), 1e-12, "step " + step);
    }

    @Test
    void cosine() {
        Schedule schedule = Schedule.warmupCosine(2, 10, 110, 0.1);
        assertRate(0.2, schedule, 1);
        assertRate(1.8, schedule, 9);
        assertRate(2, schedule, 10);
        assertRate(2 * (0.1 + 0.9 * (1 + Math.cos(Math.PI * 0.01)) / 2), schedule, 11);
        assertRate(1.1, schedule, 60);
        assertRate(0.2, schedule, 110);
        assertRate(0.2, schedule, 500);
    }

    @Test
    void constant() {
        Schedule schedule = Schedule.constant(3, 4);
        assertRate(0.75, schedule, 1);
        assertRate(2.25, schedule, 3);
        assertRate(3, schedule, 4);
        assertRate(3, schedule, 4000);
        assertRate(3, Schedule.constant(3, 0), 1);
    }

    @Test
    void linear() {
        Schedule schedule = Schedule.linear(2, 10, 110, 0.1);
        assertRate(0.2, schedule, 1);
        assertRate(1.8, schedule, 9);
        assertRate(2, schedule, 10);
        assertRate(2 - 1.8 / 100, schedule, 11);
        assertRate(1.1, schedule, 60);
        assertRate(0.2 + 1.8 / 100, schedule, 109);
        assertRate(0.2, schedule, 110);
        assertRate(0.2, schedule, 500);
        assertRate(1 - 1 / 8.0, Schedule.linear(1, 0, 8, 0), 1);
        assertRate(0, Schedule.linear(1, 0, 8, 0), 8);
    }

    @Test
    void warmupStableDecay() {
        Schedule schedule = Schedule.warmupStableDecay(2, 10, 20, 110, 0.1);
        assertRate(0.2, schedule, 1);
        assertRate(1.8, schedule, 9);
        assertRate(2, schedule, 10);
        assertRate(2, schedule, 50);
        assertRate(2, schedule, 90);
        assertRate(2 - 1.8 / 20, schedule, 91);
        assertRate(1.1, schedule, 100);
        assertRate(0.2 + 1.8 / 20, schedule, 109);
        assertRate(0.2, schedule, 110);
        assertRate(0.2, schedule, 500);
    }

    @Test
    void aDecayRightAfterTheWarmupIsALine() {
        Schedule schedule = Schedule.warmupStableDecay(1, 3, 5, 8, 0);
        for (long step = 1; step <= 9; step++) {
            assertRate(Schedule.linear(1, 3, 8, 0).learningRate(step), schedule, step);
        }
    }

    @Test
    void aRunThatIsAllWarmup() {
        for (Schedule schedule : new Schedule[] {Schedule.linear(1, 8, 8, 0), Schedule.warmupCosine(1, 8, 8, 0), Schedule.constant(1, 8)}) {
            assertRate(7 / 8.0, schedule, 7);
            assertRate(1, schedule, 8);
        }
    }

    @Test
    void aRunOfOneStepEndsAtTheLowestRate() {
        assertRate(0.5, Schedule.warmupCosine(1, 0, 1, 0.5), 1);
        assertRate(0.5, Schedule.linear(1, 0, 1, 0.5), 1);
        assertRate(0.5, Schedule.warmupStableDecay(1, 0, 1, 1, 0.5), 1);
    }

    @Property(tries = 200)
    void ratesRiseToThePeakAndFallToTheLowest(@ForAll @IntRange(max = 30) int warmup, @ForAll @IntRange(max = 30) int stable,
            @ForAll @IntRange(min = 1, max = 30) int decay, @ForAll @DoubleRange(max = 1) double ratio) {
        int total = warmup + stable + decay;
        for (Schedule schedule : new Schedule[] {Schedule.warmupStableDecay(3, warmup, decay, total, ratio),
            Schedule.linear(3, warmup, total, ratio), Schedule.warmupCosine(3, warmup, total, ratio)}) {
            for (int step = 2; step <= total; step++) {
                double change = schedule.learningRate(step) - schedule.learningRate(step - 1);
                assertTrue(step <= warmup ? change > 0 : change <= 1e-12, "step " + step);
            }
            assertRate(3 * ratio, schedule, total);
        }
    }
}
