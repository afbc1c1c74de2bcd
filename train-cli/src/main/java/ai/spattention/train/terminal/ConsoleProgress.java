package ai.spattention.train.terminal;

import java.io.PrintStream;
import java.time.Duration;

/** Chooses how a run is shown. */
public final class ConsoleProgress {

    private static final Duration BAR_INTERVAL = Duration.ofMillis(500);
    private static final Duration LINE_INTERVAL = Duration.ofSeconds(15);

    private ConsoleProgress() {}

    /**
     * Starts to show a run on standard error: a bar if that is a terminal, else plain lines.
     *
     * <p>While a bar is shown, {@code System.err} is a stream that writes above the bar, so that log lines (of an appender
     * that follows {@code System.err}) and the bar do not mix; closing puts the old stream back.
     *
     * @param name the run's name
     * @param stepsDone steps done before, 0 unless resumed
     * @param totalSteps steps of the whole run
     * @return the progress, to be closed at the end
     */
    public static TrainingProgress start(String name, long stepsDone, long totalSteps) {
        if (!Terminal.ERROR.canRedraw()) {
            return new LineProgress(System.err, stepsDone, totalSteps, LINE_INTERVAL, System::nanoTime);
        }
        PrintStream original = System.err;
        StatusLine line = new StatusLine(Terminal.ERROR.stream());
        System.setErr(line.stream());
        BarProgress bar = new BarProgress(line, Terminal.ERROR::columns, name, stepsDone, totalSteps, BAR_INTERVAL);
        return new RestoringProgress(bar, original);
    }

    /** Gives standard error back when the bar ends. */
    private record RestoringProgress(TrainingProgress bar, PrintStream original) implements TrainingProgress {

        @Override
        public void step(long step, double loss, double tokensPerSecond) {
            bar.step(step, loss, tokensPerSecond);
        }

        @Override
        public void note(String line) {
            bar.note(line);
        }

        @Override
        public void print(PrintStream out, String text) {
            bar.print(out, text);
        }

        @Override
        public void close() {
            System.setErr(original);
            bar.close();
        }
    }
}
