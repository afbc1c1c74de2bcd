package ai.spattention.train.terminal;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;

/** Plain lines: the first step, the last one, and in between one every few seconds. */
final class LineProgress implements TrainingProgress {

    private final PrintStream err;
    private final long firstStep;
    private final long totalSteps;
    private final long intervalNanos;
    private final LongSupplier nanoClock;
    private final long startNanos;
    private long lastNanos;

    LineProgress(PrintStream err, long stepsDone, long totalSteps, Duration interval, LongSupplier nanoClock) {
        this.err = err;
        this.firstStep = stepsDone + 1;
        this.totalSteps = totalSteps;
        this.intervalNanos = interval.toNanos();
        this.nanoClock = nanoClock;
        this.startNanos = nanoClock.getAsLong();
    }

    @Override
    public void step(long step, double loss, double tokensPerSecond) {
        long now = nanoClock.getAsLong();
        if (step != firstStep && step != totalSteps && now - lastNanos < intervalNanos) {
            return;
        }
        lastNanos = now;
        double left = (double) (now - startNanos) / (step - firstStep + 1) * (totalSteps - step);
        err.println(String.format(Locale.ROOT, "step %d of %d (%d%%)  %s  %s left", step, totalSteps,
                100 * step / totalSteps, Figures.of(loss, tokensPerSecond), Figures.clock(Duration.ofNanos((long) left))));
    }

    @Override
    public void note(String line) {
        err.println(line);
    }

    @Override
    public void print(PrintStream out, String text) {
        out.println(text);
        out.flush();
    }

    @Override
    public void close() {
        err.flush();
    }
}
