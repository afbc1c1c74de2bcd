package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import java.math.BigInteger;
import java.util.List;

/** JSON as Python's {@code json.dumps} writes it with sorted keys: ASCII only. */
final class Json {

    private static final int MAX_DEPTH = 200;

    private final Run run;
    private final String indent;
    private final StringBuilder out = new StringBuilder();

    private Json(Run run, String indent) {
        this.run = run;
        this.indent = indent;
    }

    /**
     * Writes a value.
     *
     * @param indent what stands before each line once for every level, or null for a single line
     */
    static String of(Run run, Object value, String indent) {
        Json json = new Json(run, indent);
        json.write(value, 0);
        return json.out.toString();
    }

    private void write(Object value, int depth) {
        run.spend(1);
        run.checkLength(out.length());
        if (depth > MAX_DEPTH) {
            throw new InvalidInputException("a value nests more than " + MAX_DEPTH + " deep");
        }
        if (value instanceof List || value instanceof Tuple) {
            List<?> items = value instanceof Tuple tuple ? tuple.items() : (List<?>) value;
            out.append('[');
            for (int i = 0; i < items.size(); i++) {
                begin(i == 0, depth + 1);
                write(items.get(i), depth + 1);
            }
            end(items.isEmpty(), depth).append(']');
        } else if (value instanceof Dict dict) {
            out.append('{');
            List<Object> keys = Sequences.sorted(run, Values.list(run, dict), key -> key, false);
            for (int i = 0; i < keys.size(); i++) {
                begin(i == 0, depth + 1);
                quote(key(keys.get(i)));
                out.append(": ");
                write(dict.find(keys.get(i)).value(), depth + 1);
            }
            end(keys.isEmpty(), depth).append('}');
        } else if (Values.isText(value)) {
            quote(Values.text(value, ""));
        } else {
            out.append(scalar(value));
        }
    }

    private void begin(boolean first, int depth) {
        if (!first) {
            out.append(indent == null ? ", " : ",");
        }
        line(depth);
    }

    private StringBuilder end(boolean empty, int depth) {
        if (!empty) {
            line(depth);
        }
        return out;
    }

    private void line(int depth) {
        if (indent != null) {
            run.checkLength((long) out.length() + (long) indent.length() * depth);
            out.append('\n').append(indent.repeat(depth));
        }
    }

    private static String scalar(Object value) {
        if (value == null) {
            return "null";
        }
        if (value instanceof Boolean truth) {
            return truth ? "true" : "false";
        }
        if (value instanceof BigInteger number) {
            return Numbers.str(number);
        }
        if (value instanceof Double number) {
            return number.isNaN() ? "NaN" : number.isInfinite() ? number > 0 ? "Infinity" : "-Infinity" : Numbers.repr(number);
        }
        Undefined.refuse(value);
        throw new InvalidInputException("a " + Values.typeName(value) + " cannot be written as JSON");
    }

    private static String key(Object key) {
        if (key instanceof Tuple) {
            throw new InvalidInputException("a tuple cannot be a key in JSON");
        }
        return Values.isText(key) ? Values.text(key, "") : scalar(key);
    }

    private void quote(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char next = text.charAt(i);
            int simple = "\"\\\n\r\t\f\b".indexOf(next);
            if (simple >= 0) {
                out.append('\\').append("\"\\nrtfb".charAt(simple));
            } else if (next >= ' ' && next <= '~') {
                out.append(next);
            } else {
                String digits = Integer.toHexString(next);
                out.append("\\u").append("0".repeat(4 - digits.length())).append(digits);
            }
        }
        out.append('"');
    }
}
