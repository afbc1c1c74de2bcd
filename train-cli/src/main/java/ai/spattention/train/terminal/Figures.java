package ai.spattention.train.terminal;

import java.time.Duration;
import java.util.Locale;

/** Numbers as people read them. */
final class Figures {

    private Figures() {}

    /** A step's loss and throughput. */
    static String of(double loss, double tokensPerSecond) {
        return String.format(Locale.ROOT, "loss %.3f  %s tokens/s", loss, compact(tokensPerSecond));
    }

    /** Three digits or so: 950, 12.3k, 1.25M. */
    static String compact(double value) {
        if (value < 1000) {
            return String.format(Locale.ROOT, "%.0f", value);
        } else if (value < 1e6) {
            return String.format(Locale.ROOT, value < 1e4 ? "%.2fk" : value < 1e5 ? "%.1fk" : "%.0fk", value / 1e3);
        }
        return String.format(Locale.ROOT, "%.2fM", value / 1e6);
    }

    /** Hours, minutes, seconds. */
    static String clock(Duration duration) {
        return String.format(Locale.ROOT, "%d:%02d:%02d", duration.toHours(), duration.toMinutesPart(),
                duration.toSecondsPart());
    }
}
