package ai.spattention.train.study.page;

import ai.spattention.train.report.chart.Range;
import ai.spattention.train.study.statistics.Comparison;
import ai.spattention.train.study.statistics.Interval;
import ai.spattention.train.study.statistics.Verdict;
import java.util.Locale;
import java.util.Optional;

/** Statistics as people read them. */
final class Texts {

    private Texts() {}

    /** Four decimals: a tenth of what a margin of 0.001 would be. */
    static String nats(double value) {
        return String.format(Locale.ROOT, "%.4f", value);
    }

    /** With its sign; nothing for exactly nothing. */
    static String signed(double value) {
        return value == 0 ? "0" : String.format(Locale.ROOT, "%+.4f", value);
    }

    static String interval(Optional<Interval> interval) {
        return interval.map(each -> signed(each.low()) + " to " + signed(each.high())).orElse("not known");
    }

    static String p(double p) {
        return p < 0.0001 ? "below 0.0001" : String.format(Locale.ROOT, "%.4f", p);
    }

    static String times(double factor) {
        return String.format(Locale.ROOT, "%.2f", factor);
    }

    /** The sign and the word; what is both equal and different says so. */
    static String verdict(Comparison comparison) {
        return symbol(comparison.verdict()) + " " + comparison.verdict().word()
                + (comparison.verdict() == Verdict.EQUAL && comparison.isSignificant() ? ", though not 0" : "");
    }

    static String symbol(Verdict verdict) {
        return switch (verdict) {
            case BETTER -> "▼";
            case WORSE -> "▲";
            case EQUAL -> "=";
            case UNDECIDED -> "?";
        };
    }

    static Optional<Range> range(Optional<Interval> interval) {
        return interval.map(each -> new Range(each.low(), each.high()));
    }
}
