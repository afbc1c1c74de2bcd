package ai.spattention.train.terminal;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Shows how much of some input has been dealt with, how fast that goes and how long it will take. */
public interface DataProgress extends AutoCloseable {

    /**
     * Starts to show on standard error: a bar if that is a terminal, else plain lines.
     *
     * @param name what is done
     * @param bytesDone bytes of input dealt with before
     * @param bytesTotal bytes of the whole input
     * @return the progress, to be closed at the end
     */
    static DataProgress start(String name, long bytesDone, long bytesTotal) {
        return Terminal.ERROR.canRedraw()
                ? new Bar(new StatusLine(Terminal.ERROR.stream()), Terminal.ERROR::columns, name, bytesDone, bytesTotal, System::nanoTime)
                : new Lines(System.err, name, bytesDone, bytesTotal, Duration.ofSeconds(15), System::nanoTime);
    }

    /**
     * Shows what has been done.
     *
     * @param bytesDone bytes of input dealt with, packed as they are
     * @param textBytes bytes of text since the start, unpacked
     */
    void update(long bytesDone, long textBytes);

    @Override
    void close();

    /** Megabytes of text a second. */
    private static String speed(long textBytes, long nanos) {
        return String.format(Locale.ROOT, "%.2f MB/s", textBytes * 1e3 / Math.max(1, nanos));
    }

    /** A bar on the last line of a terminal. */
    final class Bar implements DataProgress {

        private final ProgressBar bar;
        private final LongSupplier nanoClock;
        private final long startNanos;

        Bar(StatusLine line, IntSupplier columns, String name, long bytesDone, long bytesTotal, LongSupplier nanoClock) {
            bar = new ProgressBarBuilder()
                    .setTaskName(name)
                    .setInitialMax(bytesTotal)
                    .startsFrom(bytesDone, Duration.ZERO)
                    .setUnit(" MB", 1_000_000)
                    .setStyle(ProgressBarStyle.UNICODE_BLOCK)
                    .setUpdateIntervalMillis(500)
                    .continuousUpdate()
                    .setConsumer(new LineConsumer(line, columns))
                    .build();
            this.nanoClock = nanoClock;
            startNanos = nanoClock.getAsLong();
        }

        @Override
        public void update(long bytesDone, long textBytes) {
            bar.setExtraMessage(" " + speed(textBytes, nanoClock.getAsLong() - startNanos));
            bar.stepTo(bytesDone);
        }

        @Override
        public void close() {
            bar.close();
        }
    }

    /** Plain lines: the first, the last, and in between one every few seconds. */
    final class Lines implements DataProgress {

        private final PrintStream err;
        private final String name;
        private final long firstByte;
        private final long bytesTotal;
        private final long intervalNanos;
        private final LongSupplier nanoClock;
        private final long startNanos;
        private long lastNanos;

        Lines(PrintStream err, String name, long bytesDone, long bytesTotal, Duration interval, LongSupplier nanoClock) {
            this.err = err;
            this.name = name;
            firstByte = bytesDone;
            this.bytesTotal = bytesTotal;
            intervalNanos = interval.toNanos();
            this.nanoClock = nanoClock;
            startNanos = nanoClock.getAsLong();
            lastNanos = startNanos - intervalNanos;
        }

        @Override
        public void update(long bytesDone, long textBytes) {
            long now = nanoClock.getAsLong();
            if (bytesDone < bytesTotal && now - lastNanos < intervalNanos) {
                return;
            }
            lastNanos = now;
            double left = (double) (now - startNanos) / Math.max(1, bytesDone - firstByte) * (bytesTotal - bytesDone);
            err.println(String.format(Locale.ROOT, "%s: %.1f of %.1f MB (%d%%)  %s  %s left", name, bytesDone / 1e6,
                    bytesTotal / 1e6, bytesTotal == 0 ? 100 : 100 * bytesDone / bytesTotal, speed(textBytes, now - startNanos),
                    Figures.clock(Duration.ofNanos((long) left))));
        }

        @Override
        public void close() {
            err.flush();
        }
    }
}
