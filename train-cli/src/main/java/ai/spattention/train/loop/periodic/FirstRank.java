package ai.spattention.train.loop.periodic;

import ai.spattention.train.distributed.Collectives;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Lets the first of several processes work alone, while the others wait. It says every few seconds that it goes on, as often as the work asks
 * whether to stop, so that nobody takes the wait for a hang; and if any process is asked to stop, the work is told.
 */
public final class FirstRank {

    private static final long BEAT_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final Collectives collectives;
    private final LongSupplier nanoTime;

    /** What the first process does. */
    @FunctionalInterface
    public interface Work {

        /**
         * Works.
         *
         * @param stop asked as often as possible, also by work that does not leave early: asking tells the others that it goes on
         * @throws IOException if it fails
         */
        void run(BooleanSupplier stop) throws IOException;
    }

    /**
     * Creates what lets the first process work.
     *
     * @param collectives the processes
     */
    public FirstRank(Collectives collectives) {
        this(collectives, System::nanoTime);
    }

    FirstRank(Collectives collectives, LongSupplier nanoTime) {
        this.collectives = collectives;
        this.nanoTime = nanoTime;
    }

    /**
     * Works, or waits until the first process has. All call it.
     *
     * @param stop whether this process is asked to stop
     * @param work called in the first process alone
     * @throws IOException if it fails there; the others wait on until they are ended
     */
    public void run(BooleanSupplier stop, Work work) throws IOException {
        if (collectives.size() == 1) {
            work.run(stop);
        } else if (collectives.rank() == 0) {
            work.run(new Beat(stop));
            collectives.sum(0, 0);
        } else {
            boolean goesOn = true;
            while (goesOn) {
                goesOn = collectives.sum(0, stop.getAsBoolean() ? 1 : 0)[0] > 0;
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
}
