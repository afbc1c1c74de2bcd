package ai.spattention.eval.report;

import ai.spattention.eval.metric.Statistic;
import java.util.Locale;

/** Numbers as people read them. */
final class Figures {

    private Figures() {}

    /** Four places, or as many digits for large values. */
    static String of(double value) {
        if (Math.abs(value) < 1000 || !Double.isFinite(value)) {
            return String.format(Locale.ROOT, "%.4f", value);
        }
        return String.format(Locale.ROOT, "%.5g", value);
    }

    static String signed(double value) {
        return (value >= 0 ? "+" : "") + of(value);
    }

    static String error(Statistic statistic) {
        return statistic.standardError() == null ? "-" : of(statistic.standardError());
    }
}
