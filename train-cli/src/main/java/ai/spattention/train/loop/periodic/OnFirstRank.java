package ai.spattention.train.loop.periodic;

import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Something that the first of several processes does alone, while the others wait: what it measures only it writes. It says every few
 * seconds that it goes on, as often as what acts asks whether to stop, so that nobody takes the wait for a hang; and if any process is
 * asked to stop, what acts is told.
 */
public final class OnFirstRank implements Periodic {

    private static final long BEAT_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final Periodic periodic;
    private final Collectives collectives;
    private final LongSupplier nanoTime;

    /**
     * Wraps what one process does.
     *
     * @param periodic what is to be done; closing this closes it
     * @param collectives the processes
     */
    public OnFirstRank(Periodic periodic, Collectives collectives) {
        this(periodic, collectives, System::nanoTime);
    }

    OnFirstRank(Periodic periodic, Collectives collectives, LongSupplier nanoTime) {
        this.periodic = periodic;
        this.collectives = collectives;
        this.nanoTime = nanoTime;
    }

    @Override
    public boolean isDue(long step, boolean isLast) {
        return periodic.isDue(step, isLast);
    }

    @Override
    public void act(StepEnd end, StepMetrics.Builder metrics) throws IOException {
        if (collectives.rank() == 0) {
            Beat beat = new Beat(end.stop());
            periodic.act(new StepEnd(end.progress(), end.isLast(), end.model(), end.manager(), beat), metrics);
            collectives.sum(0, 0);
        } else {
            boolean goesOn = true;
            while (goesOn) {
                goesOn = collectives.sum(0, end.stop().getAsBoolean() ? 1 : 0)[0] > 0;
            }
        }
    }

    /** Whether any process was asked to stop, as far as is known. */
    private final class Beat implements BooleanSupplier {

        private final BooleanSupplier own;
        private long last = nanoTime.getAsLong();
        private boolean others;

        Beat(BooleanSupplier own) {
            this.own = own;
        }

        @Override
        public boolean getAsBoolean() {
            if (nanoTime.getAsLong() - last >= BEAT_NANOS) {
                others |= collectives.sum(1, 0)[1] > 0;
                last = nanoTime.getAsLong();
            }
            return others || own.getAsBoolean();
        }
    }

    @Override
    public void close() throws IOException {
        periodic.close();
    }
}
