package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import java.math.BigInteger;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/** Formatting with {@code %}, as in C. */
final class Percent {

    private static final int MAX_WIDTH = 1 << 16;

    private final Run run;
    private final String format;
    private final Object values;
    private final List<Object> positional;
    private final StringBuilder out = new StringBuilder();
    private int at;
    private int used;
    private boolean byName;

    private Percent(Run run, String format, Object values) {
        this.run = run;
        this.format = format;
        this.values = values;
        positional = values instanceof Tuple tuple ? tuple.items() : Collections.singletonList(values);
    }

    static String format(Run run, String format, Object values) {
        return new Percent(run, format, values).format();
    }

    private String format() {
        for (; at < format.length(); at++) {
            if (format.charAt(at) == '%') {
                at++;
                place();
                run.checkLength(out.length());
                run.spend(1);
            } else {
                out.append(format.charAt(at));
            }
        }
        boolean mapping = values instanceof Dict || values instanceof List || values instanceof Range;
        if (used < positional.size() && !byName && !mapping) {
            throw new InvalidInputException("more values are given to % than '" + format + "' has places");
        }
        return out.toString();
    }

    private char next() {
        if (at >= format.length()) {
            throw new InvalidInputException("the format '" + format + "' ends within a place");
        }
        return format.charAt(at);
    }

    private Object value() {
        if (used >= positional.size()) {
            throw new InvalidInputException("fewer values are given to % than '" + format + "' has places");
        }
        return positional.get(used++);
    }

    private void place() {
        if (next() == '%') {
            out.append('%');
            return;
        }
        Object named = Frame.MISSING;
        if (next() == '(') {
            named = named();
        }
        String flags = "";
        while ("-+ #0".indexOf(next()) >= 0) {
            flags += format.charAt(at++);
        }
        int width = count();
        if (width < 0) {
            flags += '-';
            width = -width;
        }
        int precision = -1;
        if (next() == '.') {
            at++;
            precision = Math.max(0, count());
        }
        while ("hlL".indexOf(next()) >= 0) {
            at++;
        }
        char type = next();
        Object value = Undefined.refuse(named == Frame.MISSING ? value() : named);
        out.append(padded(text(type, value, flags, precision), width, flags, "diouxXeEfFgG".indexOf(type) >= 0));
    }

    private Object named() {
        int close = at;
        for (int open = 1; open > 0; open += format.charAt(close) == '(' ? 1 : format.charAt(close) == ')' ? -1 : 0) {
            close++;
            if (close >= format.length()) {
                throw new InvalidInputException("the format '" + format + "' has a name without ')'");
            }
        }
        if (!(values instanceof Dict dict)) {
            throw new InvalidInputException("the format '" + format + "' needs a dict");
        }
        Dict.Entry entry = dict.find(format.substring(at + 1, close));
        if (entry == null) {
            throw new InvalidInputException("the format '" + format + "' names '" + format.substring(at + 1, close)
                    + "', which is not there");
        }
        at = close + 1;
        byName = true;
        return entry.value();
    }

    private int count() {
        int count = 0;
        if (next() == '*') {
            at++;
            count = Values.clamp(Values.integer(value(), "the width * needs a whole number"));
        } else {
            while (next() >= '0' && next() <= '9') {
                count = Math.min(MAX_WIDTH + 1, count * 10 + format.charAt(at++) - '0');
            }
        }
        if (Math.abs((long) count) > MAX_WIDTH) {
            throw new InvalidInputException("a width or precision is at most " + MAX_WIDTH);
        }
        return count;
    }

    private String text(char type, Object value, String flags, int precision) {
        switch (type) {
            case 's', 'r', 'a' -> {
                String text = type == 's' ? Text.str(run, value) : type == 'r' ? Text.repr(run, value) : Text.ascii(run, value);
                return precision >= 0 && precision < Text.length(text) ? Text.part(text, 0, precision) : text;
            }
            case 'c' -> {
                return character(value);
            }
            case 'd', 'i', 'u' -> {
                BigInteger number = value instanceof Double real ? Numbers.truncate(real)
                        : Values.integer(value, "%" + type + " needs a number");
                return signed(number.signum() < 0, digits(Numbers.str(number.abs()), precision), flags);
            }
            case 'x', 'X', 'o' -> {
                BigInteger number = Values.integer(value, "%" + type + " needs a whole number");
                String digits = digits(number.abs().toString(type == 'o' ? 8 : 16), precision);
                String text = signed(number.signum() < 0, (flags.contains("#") ? type == 'o' ? "0o" : "0x" : "") + digits, flags);
                return type == 'X' ? text.toUpperCase(Locale.ROOT) : text;
            }
            case 'e', 'E', 'f', 'F', 'g', 'G' -> {
                if (!Values.isNumber(value)) {
                    throw new InvalidInputException("%" + type + " needs a number (got a " + Values.typeName(value) + ")");
                }
                double number = Arithmetic.number(value);
                String text = signed(isNegative(number), Numbers.format(number, Character.toLowerCase(type),
                        precision < 0 ? 6 : precision, flags.contains("#")), flags);
                return Character.isUpperCase(type) ? text.toUpperCase(Locale.ROOT) : text;
            }
            default -> throw new InvalidInputException("the format '" + format + "' has the unknown type '" + type + "'");
        }
    }

    static boolean isNegative(double number) {
        return number < 0 || number == 0 && 1 / number < 0;
    }

    private static String character(Object value) {
        if (Values.isText(value) && Text.length(Values.text(value, "")) == 1) {
            return Values.text(value, "");
        }
        int codePoint = Values.clamp(Values.integer(value, "%c needs a number or one character"));
        if (!Character.isValidCodePoint(codePoint)) {
            throw new InvalidInputException("%c needs a character's number (got " + codePoint + ")");
        }
        return Character.toString(codePoint);
    }

    private static String digits(String digits, int precision) {
        return "0".repeat(Math.max(0, precision - digits.length())) + digits;
    }

    private static String signed(boolean negative, String text, String flags) {
        return (negative ? "-" : flags.contains("+") ? "+" : flags.contains(" ") ? " " : "") + text;
    }

    private static String padded(String text, int width, String flags, boolean number) {
        int missing = width - Text.length(text);
        if (missing <= 0) {
            return text;
        }
        if (flags.contains("-")) {
            return text + " ".repeat(missing);
        }
        if (number && flags.contains("0")) {
            int sign = !text.isEmpty() && "+- ".indexOf(text.charAt(0)) >= 0 ? 1 : 0;
            int prefix = text.startsWith("0x", sign) || text.startsWith("0X", sign) || text.startsWith("0o", sign) ? sign + 2 : sign;
            return text.substring(0, prefix) + "0".repeat(missing) + text.substring(prefix);
        }
        return " ".repeat(missing) + text;
    }
}
