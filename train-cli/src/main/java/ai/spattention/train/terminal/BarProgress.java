package ai.spattention.train.terminal;

import java.io.PrintStream;
import java.time.Duration;
import java.util.function.IntSupplier;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A bar with loss, throughput, the time gone and the time left, on the last line of a terminal. */
final class BarProgress implements TrainingProgress {

    private final StatusLine line;
    private final PrintStream above;
    private final ProgressBar bar;

    BarProgress(StatusLine line, IntSupplier columns, String name, long stepsDone, long totalSteps, Duration interval) {
        this.line = line;
        this.above = line.stream();
        this.bar = new ProgressBarBuilder()
                .setTaskName(name)
                .setInitialMax(totalSteps)
                .startsFrom(stepsDone, Duration.ZERO)
                .setStyle(ProgressBarStyle.UNICODE_BLOCK)
                .setUpdateIntervalMillis((int) interval.toMillis())
                .continuousUpdate()
                .setConsumer(new LineConsumer(line, columns))
                .build();
    }

    @Override
    public void step(long step, double loss, double tokensPerSecond) {
        bar.setExtraMessage(" " + Figures.of(loss, tokensPerSecond));
        bar.stepTo(step);
    }

    @Override
    public void note(String text) {
        above.println(text);
    }

    @Override
    public void print(PrintStream out, String text) {
        line.above(() -> {
            out.println(text);
            out.flush();
        });
    }

    @Override
    public void close() {
        bar.close();
    }
}
