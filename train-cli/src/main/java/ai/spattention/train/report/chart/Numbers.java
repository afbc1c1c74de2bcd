package ai.spattention.train.report.chart;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/** Numbers as people read them. */
public final class Numbers {

    private static final String[] COUNTS = {"", "k", "M", "B", "T"};
    private static final String[] PREFIXES = {"", "k", "M", "G", "T", "P", "E"};

    private Numbers() {}

    /**
     * A whole number with its thousands apart.
     *
     * @param value the number
     * @return its text
     */
    public static String whole(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    /**
     * A measured value: four digits or so, 0.25, 1.5k, 3e-4.
     *
     * @param value the value
     * @return its text; "not finite" for what is no number
     */
    public static String plain(double value) {
        return text(value, 4, COUNTS);
    }

    /**
     * A tick, whose digits must not get lost however near the next one is.
     *
     * @param value the value
     * @return its text
     */
    public static String tick(double value) {
        return text(value, 7, COUNTS);
    }

    /**
     * A count in three digits: 950, 12.3k, 1.25M, 6.9B.
     *
     * @param value the count
     * @return its text
     */
    public static String count(double value) {
        return text(value, 3, COUNTS);
    }

    /**
     * A quantity with the prefix of its unit: 12.3 G, to be followed by the unit.
     *
     * @param value the quantity
     * @return its text
     */
    public static String prefixed(double value) {
        String text = text(value, 3, PREFIXES);
        return Character.isLetter(text.charAt(text.length() - 1))
                ? text.substring(0, text.length() - 1) + " " + text.charAt(text.length() - 1) : text + " ";
    }

    /**
     * A loss: three decimals.
     *
     * @param value the loss in nats
     * @return its text
     */
    public static String loss(double value) {
        return Double.isFinite(value) && Math.abs(value) < 1e4 ? String.format(Locale.ROOT, "%.3f", value) : plain(value);
    }

    /**
     * Hours, minutes, seconds; tenths of a second below a minute.
     *
     * @param seconds the time
     * @return its text; "unknown" for what is no number
     */
    public static String clock(double seconds) {
        if (!Double.isFinite(seconds)) {
            return "unknown";
        }
        if (seconds < 60) {
            return String.format(Locale.ROOT, "%.1f s", seconds);
        }
        long whole = Math.round(seconds);
        return String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
    }

    private static String text(double value, int digits, String[] suffixes) {
        if (!Double.isFinite(value)) {
            return "not finite";
        }
        double size = Math.abs(value);
        if (size != 0 && (size < 1e-3 || size >= 1000 * Math.pow(1000, suffixes.length - 1))) {
            return scientific(value, digits);
        }
        int power = 0;
        BigDecimal shown = rounded(value, digits);
        while (shown.abs().compareTo(BigDecimal.valueOf(1000)) >= 0 && power < suffixes.length - 1) {
            shown = shown.movePointLeft(3);
            power++;
        }
        return shown.signum() == 0 ? "0" : shown.stripTrailingZeros().toPlainString() + suffixes[power];
    }

    private static String scientific(double value, int digits) {
        BigDecimal shown = rounded(value, digits);
        int exponent = shown.precision() - shown.scale() - 1;
        return shown.movePointLeft(exponent).stripTrailingZeros().toPlainString() + "e" + exponent;
    }

    private static BigDecimal rounded(double value, int digits) {
        return BigDecimal.valueOf(value).round(new MathContext(digits, RoundingMode.HALF_EVEN));
    }
}
