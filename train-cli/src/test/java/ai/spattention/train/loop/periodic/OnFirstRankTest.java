package ai.spattention.train.loop.periodic;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.distributed.SingleProcess;
import ai.spattention.train.distributed.TurnCollectives;
import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class OnFirstRankTest {

    /** Asks a hundred times, a second each by its clock, whether to stop. */
    private static final class Asking implements Periodic {

        final AtomicLong nanos = new AtomicLong();
        int asked;

        @Override
        public boolean isDue(long step, boolean isLast) {
            return step == 4;
        }

        @Override
        public void act(StepEnd end, StepMetrics.Builder metrics) {
            while (asked < 100 && !end.stop().getAsBoolean()) {
                asked++;
                nanos.addAndGet(TimeUnit.SECONDS.toNanos(1));
            }
            metrics.optMemoryMb(asked);
        }
    }

    private static StepEnd end(boolean stopped) {
        return new StepEnd(new RunProgress(4, 0, 0), false, null, null, () -> stopped);
    }

    @Test
    void oneProcessWaitsForNobody() throws IOException {
        assertEquals(List.of(100, 0), List.of(act(false, new SingleProcess()), act(true, new SingleProcess())));
    }

    @Test
    void theFirstActsAndTheOthersWait() throws Exception {
        List<Integer> asked = TurnCollectives.run(3, collectives -> act(collectives.rank() == 9, collectives));
        assertEquals(List.of(100, 0, 0), asked);
    }

    @Test
    void whatAnyIsAskedToStopIsStopped() throws Exception {
        assertEquals(List.of(5, 0, 0), TurnCollectives.run(3, collectives -> act(collectives.rank() == 2, collectives)),
                "the next beat tells it");
        assertEquals(List.of(0, 0, 0), TurnCollectives.run(3, collectives -> act(collectives.rank() == 0, collectives)));
    }

    private static int act(boolean stopped, Collectives collectives) throws IOException {
        Asking asking = new Asking();
        OnFirstRank all = new OnFirstRank(asking, new FirstRank(collectives, asking.nanos::get));
        assertEquals(List.of(true, false), List.of(all.isDue(4, false), all.isDue(5, false)));
        StepMetrics.Builder metrics = StepMetrics.builder().setStep(4);
        all.act(end(stopped), metrics);
        assertEquals(collectives.rank() == 0, metrics.build().memoryMb().isPresent());
        return asking.asked;
    }
}
