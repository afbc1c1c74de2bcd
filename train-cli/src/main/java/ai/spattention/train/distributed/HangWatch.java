package ai.spattention.train.distributed;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Ends a process that waits in vain for others. A thread of its own looks at the collectives that are under way, and asks the backend whether it
 * has failed; when one lasts longer than the timeout, it leaves a report, says so in one line, and ends the process.
 *
 * <p>The time of a collective is counted from when it runs: on a GPU, not while it is queued behind the pass that computes what it is to sum.
 */
final class HangWatch implements AutoCloseable {

    /**
     * Others who wait for the same rank fire at about the same time: they are left time to write their reports, too, and this process to leave by
     * itself.
     */
    private static final Duration LONGEST_GRACE = Duration.ofSeconds(5);

    private static final Duration LONGEST_PAUSE = Duration.ofMillis(500);

    private final WorkerIdentity identity;
    private final Duration timeout;
    private final Path folder;
    private final Consumer<String> console;
    private final Consumer<Optional<WatchableCollectives>> end;
    private final CollectiveLog log = new CollectiveLog();
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile Optional<WatchableCollectives> backend = Optional.empty();

    /**
     * Starts to watch.
     *
     * @param identity this process
     * @param timeout how long a collective may last
     * @param folder where the report goes
     * @param console gets the line
     * @param end ends the process, given the backend if there is one already
     */
    HangWatch(WorkerIdentity identity, Duration timeout, Path folder, Consumer<String> console,
            Consumer<Optional<WatchableCollectives>> end) {
        this.identity = identity;
        this.timeout = timeout;
        this.folder = folder;
        this.console = console;
        this.end = end;
        Thread thread = new Thread(this::watch, "collectives' watch");
        thread.setDaemon(true);
        thread.start();
    }

    /** Opens the backend: the first thing for which processes wait for each other. */
    <T extends WatchableCollectives> T open(Supplier<T> opening) {
        T opened = during("open", 0, Moment.Host::now, opening);
        backend = Optional.of(opened);
        return opened;
    }

    /** Runs a collective, watched. */
    <T> T during(String name, long elements, Supplier<Moment> moments, Supplier<T> collective) {
        CollectiveLog.Entry entry = log.begin(name, elements, moments.get());
        try {
            T result = collective.get();
            log.returned(entry, moments.get());
            return result;
        } catch (RuntimeException | Error e) {
            log.failed(entry, e);
            throw e;
        }
    }

    /** The seconds that all collectives took. */
    double seconds() {
        return log.seconds();
    }

    private void watch() {
        long pause = Math.max(1, Math.min(LONGEST_PAUSE.toMillis(), timeout.toMillis() / 20));
        try {
            while (!closed.await(pause, TimeUnit.MILLISECONDS)) {
                if (look()) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether there is nothing left to look at. */
    private boolean look() throws InterruptedException {
        try {
            Optional<CollectiveLog.Entry> running = log.running();
            Optional<String> reason = running.flatMap(this::reason);
            if (reason.isEmpty()) {
                return false;
            }
            report(running.get(), reason.get());
        } catch (RuntimeException | LinkageError e) { // after a fault the driver answers nothing more
            console.accept(identity + " on " + Passport.hostName() + " cannot tell how far its device is: " + e.getMessage());
        }
        if (!closed.await(Math.min(LONGEST_GRACE.toMillis(), timeout.toMillis() / 4), TimeUnit.MILLISECONDS)) {
            end.accept(backend);
        }
        return true;
    }

    private Optional<String> reason(CollectiveLog.Entry running) {
        return backend.flatMap(WatchableCollectives::failure).or(() -> log.secondsOf(running) * 1e9 > timeout.toNanos()
                ? Optional.of(String.format(Locale.ROOT, "no end after %.0f s", log.secondsOf(running))) : Optional.empty());
    }

    private void report(CollectiveLog.Entry stuck, String reason) {
        String where;
        try {
            HangReport.write(folder, identity, reason, stuck, log);
            where = "see " + HangReport.file(folder, identity.rank()) + " and those of the other ranks";
        } catch (IOException | RuntimeException | LinkageError e) { // the process has to end, report or not
            where = "the report cannot be written (" + e.getMessage() + ")";
        }
        console.accept(identity + " on " + Passport.hostName() + " waits in " + stuck + ": " + reason + "; another rank has ended, hangs, or does"
                + " something else: " + where);
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
