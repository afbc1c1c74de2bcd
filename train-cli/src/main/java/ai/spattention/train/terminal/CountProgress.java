package ai.spattention.train.terminal;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Shows on standard error how many of a number of things are done: a bar if that is a terminal, else plain lines. */
public final class CountProgress implements AutoCloseable {

    private static final int BAR_MILLIS = 500;
    private static final long LINE_NANOS = Duration.ofSeconds(15).toNanos();

    private final String name;
    private final long total;
    private final long before;
    private final PrintStream err;
    private final ProgressBar bar;
    private final long start = System.nanoTime();
    private long last = start;

    /**
     * Starts to show.
     *
     * @param name what is done
     * @param done how many were done before
     * @param total how many there are
     */
    public CountProgress(String name, long done, long total) {
        this.name = name;
        this.total = total;
        before = done;
        err = System.err;
        bar = !Terminal.ERROR.canRedraw() ? null : new ProgressBarBuilder().setTaskName(name).setInitialMax(total)
                .startsFrom(done, Duration.ZERO)
                .setStyle(ProgressBarStyle.UNICODE_BLOCK)
                .setUpdateIntervalMillis(BAR_MILLIS).showSpeed()
                .setConsumer(new LineConsumer(new StatusLine(Terminal.ERROR.stream()), Terminal.ERROR::columns)).build();
    }

    /**
     * Shows that more are done.
     *
     * @param done how many, those before included
     */
    public void done(long done) {
        long now = System.nanoTime();
        if (bar != null) {
            bar.stepTo(done);
        } else if (now - last >= LINE_NANOS) {
            last = now;
            double seconds = (now - start) / 1e9;
            double left = seconds / Math.max(1, done - before) * (total - done);
            err.println(String.format(Locale.ROOT, "%s: %d of %d (%d%%)  %s/s  %s left", name, done, total,
                    100 * done / Math.max(1, total), Figures.compact((done - before) / seconds),
                    Figures.clock(Duration.ofSeconds((long) left))));
        }
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
