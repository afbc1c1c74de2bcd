package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import java.math.BigInteger;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code str.format}. */
final class Braces {

    private static final int MAX_WIDTH = 1 << 16;
    private static final Pattern SPEC = Pattern.compile(
            "(?s)(?:(.[\ud800-\udfff]?)??([<>=^]))?([-+ ])?(z)?(#)?(0)?([0-9]+)?([_,])?(?:\\.([0-9]+))?([a-zA-Z%])?");

    private final Run run;
    private final Arguments arguments;
    private int automatic;
    private boolean numbered;

    private Braces(Run run, Arguments arguments) {
        this.run = run;
        this.arguments = arguments;
    }

    static String format(Run run, String format, Arguments arguments) {
        return new Braces(run, arguments).format(format, 2);
    }

    private String format(String format, int levels) {
        if (levels == 0) {
            throw new InvalidInputException("the places of a format nest too deep");
        }
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char next = format.charAt(i);
            if ((next == '{' || next == '}') && levels == 2 && format.startsWith(String.valueOf(next), i + 1)) {
                out.append(next);
                i++;
            } else if (next == '{') {
                int close = close(format, i + 1);
                out.append(place(format.substring(i + 1, close), levels));
                run.checkLength(out.length());
                run.spend(1);
                i = close;
            } else if (next == '}') {
                throw new InvalidInputException("the format '" + format + "' has a single '}'");
            } else {
                out.append(next);
            }
        }
        return out.toString();
    }

    private static int close(String format, int from) {
        int open = 1;
        for (int i = from; i < format.length(); i++) {
            if (format.charAt(i) == '[') { // a key holds braces as they are
                int end = format.indexOf(']', i);
                i = end < 0 ? i : end;
            }
            open += format.charAt(i) == '{' ? 1 : format.charAt(i) == '}' ? -1 : 0;
            if (open == 0) {
                return i;
            }
        }
        throw new InvalidInputException("the format '" + format + "' has a '{' without '}'");
    }

    private String place(String place, int levels) {
        int end = 0;
        while (end < place.length() && place.charAt(end) != '!' && place.charAt(end) != ':') {
            int bracket = place.charAt(end) == '[' ? place.indexOf(']', end) : -1;
            end = bracket < 0 ? end + 1 : bracket + 1;
        }
        Object value = Undefined.refuse(field(place.substring(0, end)));
        if (place.startsWith("!", end)) {
            char conversion = end + 1 < place.length() ? place.charAt(end + 1) : ' ';
            end += 2;
            if (end < place.length() && place.charAt(end) != ':' || "rsa".indexOf(conversion) < 0) {
                throw new InvalidInputException("a format's place must have !r, !s or !a (got '{" + place + "}')");
            }
            value = conversion == 'r' ? Text.repr(run, value) : conversion == 's' ? Text.str(run, value) : Text.ascii(run, value);
        }
        String spec = end < place.length() ? place.substring(end + 1) : "";
        return apply(run, value, spec.indexOf('{') >= 0 || spec.indexOf('}') >= 0 ? format(spec, levels - 1) : spec);
    }

    private Object field(String path) {
        int end = 0;
        while (end < path.length() && path.charAt(end) != '.' && path.charAt(end) != '[') {
            end++;
        }
        Object value = argument(path.substring(0, end));
        while (end < path.length()) {
            if (path.charAt(end) == '.') {
                int next = end + 1;
                while (next < path.length() && path.charAt(next) != '.' && path.charAt(next) != '[') {
                    next++;
                }
                value = Access.ofPython(Undefined.refuse(value), path.substring(end + 1, next));
                end = next;
            } else {
                int close = path.indexOf(']', end);
                if (path.charAt(end) != '[' || close < 0) {
                    throw new InvalidInputException("a format's place is wrong (got '{" + path + "}')");
                }
                String key = path.substring(end + 1, close);
                value = value instanceof Dict || !key.matches("[0-9]+") ? dictItem(value, key)
                        : Access.item(run, value, new BigInteger(key));
                end = close + 1;
            }
            if (value == Frame.MISSING || value instanceof Undefined) {
                throw new InvalidInputException("a format names what is not there (got '{" + path + "}')");
            }
        }
        return value;
    }

    private static Object dictItem(Object value, String key) {
        Object index = key.matches("[0-9]+") ? new BigInteger(key) : key;
        Dict.Entry entry = value instanceof Dict dict ? dict.find(index) : null;
        return entry == null ? Frame.MISSING : entry.value();
    }

    private Object argument(String name) {
        if (name.isEmpty() || name.matches("[0-9]+")) {
            if (name.isEmpty() ? numbered : automatic > 0) {
                throw new InvalidInputException("a format has places with a number or places without, but not both");
            }
            numbered |= !name.isEmpty();
            int index = name.isEmpty() ? automatic++ : Values.clamp(new BigInteger(name));
            if (index >= arguments.positional().size()) {
                throw new InvalidInputException("format() has no value for the place " + index);
            }
            return arguments.positional().get(index);
        }
        if (!arguments.named().containsKey(name)) {
            throw new InvalidInputException("format() has no value for the place '" + name + "'");
        }
        return arguments.named().get(name);
    }

    /** Python's {@code format(value, spec)}. */
    private static String apply(Run run, Object value, String spec) {
        if (spec.isEmpty()) {
            return Text.str(run, value);
        }
        if (value instanceof Markup || !Values.isText(value) && !Values.isNumber(value)) {
            throw new InvalidInputException("a " + Values.typeName(value) + " takes no format (got '" + spec + "')");
        }
        Matcher parts = SPEC.matcher(spec);
        if (!parts.matches() || parts.group(1) != null && Text.length(parts.group(1)) != 1) {
            throw new InvalidInputException("the format '" + spec + "' is wrong");
        }
        boolean text = value instanceof String;
        boolean zero = parts.group(6) != null && parts.group(2) == null;
        String fill = parts.group(1) != null ? parts.group(1) : parts.group(6) != null ? "0" : " ";
        String align = parts.group(2) != null ? parts.group(2) : zero && !text ? "=" : text ? "<" : ">";
        int width = size(parts.group(7));
        int precision = parts.group(9) == null ? -1 : size(parts.group(9));
        char type = parts.group(10) == null ? ' ' : parts.group(10).charAt(0);
        if (parts.group(4) != null) {
            throw new InvalidInputException("the option z of a format is not supported (got '" + spec + "')");
        }
        String sign = parts.group(3) == null ? "-" : parts.group(3);
        String group = parts.group(8);
        boolean alternate = parts.group(5) != null;
        if (text) {
            if (type != ' ' && type != 's' || parts.group(3) != null || group != null || alternate || align.equals("=")) {
                throw new InvalidInputException("the format '" + spec + "' does not fit a text");
            }
            String all = (String) value;
            String cut = precision >= 0 && precision < Text.length(all) ? Text.part(all, 0, precision) : all;
            return align(cut, "", fill, align, width);
        }
        return number(value, spec, new Spec(fill, align, sign, alternate, width, group, precision, type));
    }

    private record Spec(String fill, String align, String sign, boolean alternate, int width, String group, int precision,
            char type) {}

    private static int size(String digits) {
        int size = digits == null ? 0 : digits.length() > 7 ? MAX_WIDTH + 1 : Integer.parseInt(digits);
        if (size > MAX_WIDTH) {
            throw new InvalidInputException("a width or precision is at most " + MAX_WIDTH);
        }
        return size;
    }

    private static String number(Object value, String spec, Spec format) {
        char type = format.type();
        boolean whole = Values.isInteger(value);
        if (value instanceof Boolean truth && type == ' ' && format.precision() < 0) {
            // a boolean with a width alone counts as the number that it is
            value = truth ? BigInteger.ONE : BigInteger.ZERO;
        }
        String body;
        boolean negative;
        String prefix = "";
        int every = 3;
        if (whole && " dnbcoxX".indexOf(type) >= 0) {
            if (format.precision() >= 0) {
                throw new InvalidInputException("a whole number takes no precision (got '" + spec + "')");
            }
            BigInteger number = Values.integer(value, "");
            negative = number.signum() < 0;
            if (type == 'c') {
                throw new InvalidInputException("the type c of a format is not supported (got '" + spec + "')");
            }
            int radix = type == 'b' ? 2 : type == 'o' ? 8 : Character.toLowerCase(type) == 'x' ? 16 : 10;
            body = radix == 10 ? Numbers.str(number.abs()) : number.abs().toString(radix);
            prefix = format.alternate() && radix != 10 ? "0" + type : "";
            if (radix != 10) {
                every = 4;
                if (",".equals(format.group())) {
                    throw new InvalidInputException("the format '" + spec + "' is wrong: ',' does not go with '" + type + "'");
                }
            }
            body = type == 'X' ? body.toUpperCase(Locale.ROOT) : body;
        } else if ("eEfFgG% n".indexOf(type) >= 0) {
            double number = Arithmetic.number(value);
            negative = Percent.isNegative(number);
            body = real(type == '%' ? number * 100 : number, type, format);
        } else {
            throw new InvalidInputException("the format '" + spec + "' does not fit a number");
        }
        if (type == 'n' && format.group() != null) {
            throw new InvalidInputException("the format '" + spec + "' is wrong: '" + format.group() + "' does not go with 'n'");
        }
        String sign = negative ? "-" : format.sign().equals("-") ? "" : format.sign();
        if (format.group() != null) {
            int zeros = format.fill().equals("0") && format.align().equals("=")
                    ? format.width() - sign.length() - prefix.length() : 0;
            body = grouped(body, format.group(), every, zeros);
        }
        return align(body, sign + prefix, format.fill(), format.align(), format.width());
    }

    private static String real(double number, char type, Spec format) {
        int precision = format.precision();
        String text = switch (type) {
            case ' ' -> format.alternate() ? unsupportedAlternate() : Numbers.formatPlain(number, precision);
            case '%' -> Numbers.format(number, 'f', precision < 0 ? 6 : precision, format.alternate()) + "%";
            case 'n' -> Numbers.format(number, 'g', precision < 0 ? 6 : precision, format.alternate());
            default -> Numbers.format(number, Character.toLowerCase(type), precision < 0 ? 6 : precision, format.alternate());
        };
        return Character.isUpperCase(type) ? text.toUpperCase(Locale.ROOT) : text;
    }

    private static String unsupportedAlternate() {
        throw new InvalidInputException("the option # of a format is not supported for a float without a type");
    }

    /** Separates the digits before the point, and the zeros that fill up to a width. */
    private static String grouped(String body, String separator, int every, int width) {
        int end = 0;
        while (end < body.length() && Character.digit(body.charAt(end), 16) >= 0
                && (every == 4 || Character.isDigit(body.charAt(end)))) {
            end++;
        }
        String digits = body.substring(0, end);
        String rest = body.substring(end);
        String grouped = group(digits, separator, every);
        while (end > 0 && grouped.length() + rest.length() < width) {
            digits = "0" + digits;
            grouped = group(digits, separator, every);
        }
        return grouped + rest;
    }

    private static String group(String digits, String separator, int every) {
        StringBuilder grouped = new StringBuilder(digits);
        for (int i = digits.length() - every; i > 0; i -= every) {
            grouped.insert(i, separator);
        }
        return grouped.toString();
    }

    private static String align(String body, String sign, String fill, String align, int width) {
        int missing = Math.max(0, width - Text.length(body) - sign.length());
        return switch (align) {
            case "<" -> sign + body + fill.repeat(missing);
            case ">" -> fill.repeat(missing) + sign + body;
            case "=" -> sign + fill.repeat(missing) + body;
            default -> fill.repeat(missing / 2) + sign + body + fill.repeat(missing - missing / 2);
        };
    }
}
