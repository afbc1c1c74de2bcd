package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.python.PythonText;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.regex.Pattern;

/** Numbers from and to text, as Python has them. */
final class Numbers {

    /** Python converts no longer numbers from or to decimal digits. */
    static final int MAX_DIGITS = 4300;

    private static final Pattern FLOAT = Pattern.compile("[+-]?(?:[0-9]++\\.?[0-9]*+|\\.[0-9]++)(?:e[+-]?[0-9]++)?+");

    private Numbers() {}

    static String str(BigInteger number) {
        String digits = number.toString();
        if (digits.length() - (number.signum() < 0 ? 1 : 0) > MAX_DIGITS) {
            throw new InvalidInputException("a number of more than " + MAX_DIGITS + " digits cannot be printed");
        }
        return digits;
    }

    /** The shortest digits that give the number back; the nearest of them where several do. */
    static BigDecimal shortest(double number) {
        BigDecimal exact = new BigDecimal(number);
        for (int precision = 1; precision < 17; precision++) {
            BigDecimal best = null;
            for (RoundingMode mode : new RoundingMode[] {RoundingMode.HALF_EVEN, RoundingMode.FLOOR, RoundingMode.CEILING}) {
                BigDecimal digits = exact.round(new MathContext(precision, mode));
                if (digits.doubleValue() == number
                        && (best == null || digits.subtract(exact).abs().compareTo(best.subtract(exact).abs()) < 0)) {
                    best = digits;
                }
            }
            if (best != null) {
                return best;
            }
        }
        return exact.round(new MathContext(17, RoundingMode.HALF_EVEN));
    }

    private static String special(double number) {
        return Double.isNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
    }

    /** Python's {@code repr} of a float. */
    static String repr(double number) {
        if (Double.isNaN(number) || Double.isInfinite(number)) {
            return special(number);
        }
        if (number == 0) {
            return 1 / number < 0 ? "-0.0" : "0.0";
        }
        String sign = number < 0 ? "-" : "";
        BigDecimal digits = shortest(Math.abs(number)).stripTrailingZeros();
        int exponent = digits.precision() - digits.scale() - 1;
        if (exponent >= -4 && exponent < 16) {
            String plain = digits.toPlainString();
            return sign + (plain.indexOf('.') < 0 ? plain + ".0" : plain);
        }
        return sign + scientific(digits, digits.precision() - 1, false);
    }

    /** Digits with an exponent of at least two digits. */
    private static String scientific(BigDecimal positive, int decimals, boolean point) {
        String digits = positive.unscaledValue().toString();
        int exponent = positive.signum() == 0 ? 0 : positive.precision() - positive.scale() - 1;
        StringBuilder all = new StringBuilder(digits);
        while (all.length() <= decimals) {
            all.append('0');
        }
        all.setLength(decimals + 1);
        if (decimals > 0) {
            all.insert(1, '.');
        } else if (point) {
            all.append('.');
        }
        return all.append(exponent < 0 ? "e-" : "e+").append(Math.abs(exponent) < 10 ? "0" : "").append(Math.abs(exponent))
                .toString();
    }

    /**
     * C's {@code %f}, {@code %e} and {@code %g} of a number's absolute value, with any precision.
     *
     * @param alternate whether the point stays, and with {@code g} the zeros at the end
     */
    static String format(double number, char type, int precision, boolean alternate) {
        if (Double.isNaN(number) || Double.isInfinite(number)) {
            return special(Math.abs(number));
        }
        BigDecimal exact = new BigDecimal(Math.abs(number));
        switch (type) {
            case 'f' -> {
                String text = exact.setScale(precision, RoundingMode.HALF_EVEN).toPlainString();
                return alternate && precision == 0 ? text + "." : text;
            }
            case 'e' -> {
                return scientific(exact.round(new MathContext(precision + 1, RoundingMode.HALF_EVEN)), precision, alternate);
            }
            default -> {
                return general(exact, Math.max(1, precision), alternate, Math.max(1, precision));
            }
        }
    }

    /** {@code %g}: plain from 0.0001 up to a limit on the exponent, without zeros at the end. */
    private static String general(BigDecimal exact, int precision, boolean alternate, int limit) {
        BigDecimal rounded = exact.round(new MathContext(precision, RoundingMode.HALF_EVEN));
        int exponent = rounded.signum() == 0 ? 0 : rounded.precision() - rounded.scale() - 1;
        if (exponent < -4 || exponent >= limit) {
            BigDecimal digits = alternate ? rounded : rounded.stripTrailingZeros();
            return scientific(digits, alternate ? precision - 1 : digits.precision() - 1, alternate);
        }
        if (alternate) {
            String text = rounded.setScale(Math.max(0, precision - 1 - exponent), RoundingMode.HALF_EVEN).toPlainString();
            return text.indexOf('.') < 0 ? text + "." : text;
        }
        return rounded.signum() == 0 ? "0" : rounded.stripTrailingZeros().toPlainString();
    }

    /** How {@code format} writes a float without a type: as {@code repr}, or with so many digits at most, but never whole. */
    static String formatPlain(double number, int precision) {
        if (precision < 0 || Double.isNaN(number) || Double.isInfinite(number)) {
            String text = repr(Math.abs(number));
            return text;
        }
        String text = general(new BigDecimal(Math.abs(number)), Math.max(1, precision), false, Math.max(1, precision) - 1);
        return text.indexOf('.') < 0 && text.indexOf('e') < 0 ? text + ".0" : text;
    }

    /** The exact nearest whole number towards zero. */
    static BigInteger truncate(double number) {
        if (Double.isNaN(number) || Double.isInfinite(number)) {
            throw new InvalidInputException(special(number) + " is no whole number");
        }
        return new BigDecimal(number).toBigInteger();
    }

    static double toDouble(BigInteger number) {
        double value = number.doubleValue();
        if (Double.isInfinite(value)) {
            throw new InvalidInputException("a whole number is too large for a float");
        }
        return value;
    }

    /** Digits of any script as ASCII; null if an underscore is not between digits. */
    private static String ascii(String text) {
        StringBuilder plain = new StringBuilder();
        String stripped = PythonText.strip(text);
        for (int i = 0; i < stripped.length();) {
            int codePoint = stripped.codePointAt(i);
            i += Character.charCount(codePoint);
            plain.appendCodePoint(Character.getType(codePoint) == Character.DECIMAL_DIGIT_NUMBER
                    ? '0' + Character.digit(codePoint, 10) : codePoint);
        }
        return plain.toString();
    }

    /** Python's {@code float} of a text; null if it is no number. */
    static Double parseFloat(String text) {
        String plain = ascii(text).toLowerCase(Locale.ROOT);
        String unsigned = plain.replaceFirst("^[+-]", "");
        double sign = plain.startsWith("-") ? -1 : 1;
        if (unsigned.equals("inf") || unsigned.equals("infinity")) {
            return sign * Double.POSITIVE_INFINITY;
        }
        if (unsigned.equals("nan")) {
            return Double.NaN;
        }
        if (plain.matches("(?s).*(?:^|[^0-9])_.*|.*_(?:[^0-9].*)?")) {
            return null;
        }
        String digits = plain.replace("_", "");
        return FLOAT.matcher(digits).matches() ? Double.valueOf(digits) : null;
    }

    /** Python's {@code int} of a text; null if it is no number. */
    static BigInteger parseInteger(String text, int base) {
        if (base != 0 && (base < 2 || base > 36)) {
            throw new InvalidInputException("a base must be 0 or from 2 to 36 (got " + base + ")");
        }
        String plain = ascii(text).toLowerCase(Locale.ROOT);
        boolean negative = plain.startsWith("-");
        String digits = negative || plain.startsWith("+") ? plain.substring(1) : plain;
        int radix = base == 0 ? 10 : base;
        int marked = digits.startsWith("0x") ? 16 : digits.startsWith("0o") ? 8 : digits.startsWith("0b") ? 2 : 0;
        if (marked != 0 && (base == 0 || base == marked)) {
            radix = marked;
            digits = digits.substring(digits.startsWith("_", 2) ? 3 : 2);
        } else if (base == 0 && digits.startsWith("0") && !digits.matches("[0_]+")) {
            return null;
        }
        if (digits.isEmpty() || digits.startsWith("_") || digits.endsWith("_") || digits.contains("__")) {
            return null;
        }
        String pure = digits.replace("_", "");
        int last = radix;
        if (!pure.chars().allMatch(digit -> digit < 128 && Character.digit(digit, last) >= 0)
                || Integer.bitCount(radix) != 1 && pure.length() > MAX_DIGITS) {
            return null;
        }
        if (pure.length() > Run.MAX_BITS / 4) {
            throw new InvalidInputException("a number has more than " + Run.MAX_BITS / 4 + " digits");
        }
        BigInteger number = new BigInteger(pure, radix);
        return negative ? number.negate() : number;
    }
}
