package ai.spattention.train.info;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** A description as lines for people. */
public final class InfoText {

    private static final String BYTES = "_bytes";
    /** What is below it has names that people gave. */
    private static final String TASKS = "tasks";
    private static final String[] UNITS = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"};

    private InfoText() {}

    /**
     * Draws a description: a line a key, those of an object indented below it.
     *
     * @param info the description
     * @return the lines, each with its end
     */
    public static String of(ObjectNode info) {
        StringBuilder text = new StringBuilder();
        append(text, info, "", false);
        return text.toString();
    }

    private static void append(StringBuilder text, ObjectNode info, String indent, boolean isNamed) {
        int width = 0;
        for (var names = info.fieldNames(); names.hasNext(); ) {
            width = Math.max(width, label(names.next(), isNamed).length());
        }
        for (var entry : info.properties()) {
            text.append(indent);
            if (entry.getValue() instanceof ObjectNode inner) {
                text.append(label(entry.getKey(), isNamed)).append('\n');
                append(text, inner, indent + "  ", isNamed || entry.getKey().equals(TASKS));
            } else {
                text.append(String.format(Locale.ROOT, "%-" + (width + 2) + "s", label(entry.getKey(), isNamed)))
                        .append(value(entry.getKey(), entry.getValue())).append('\n');
            }
        }
    }

    private static String label(String key, boolean isNamed) {
        if (isNamed) {
            return key;
        }
        String name = key.endsWith(BYTES) ? key.substring(0, key.length() - BYTES.length()) : key;
        return name.replace('_', ' ');
    }

    private static String value(String key, JsonNode value) {
        if (value.isArray()) {
            return value.isEmpty() ? "none" : StreamSupport.stream(value.spliterator(), false).map(JsonNode::asText)
                    .collect(Collectors.joining(", "));
        } else if (value.isNull()) {
            return "none";
        } else if (value.isBoolean()) {
            return value.booleanValue() ? "yes" : "no";
        } else if (value.isIntegralNumber()) {
            return key.endsWith(BYTES) ? bytes(value.longValue()) : String.format(Locale.ROOT, "%,d", value.longValue());
        } else if (value.isNumber()) {
            double number = value.doubleValue();
            boolean plain = number == 0 || Math.abs(number) >= 0.01 && Math.abs(number) < 1e6;
            return String.format(Locale.ROOT, plain ? "%.3f" : "%.3e", number);
        }
        if (key.endsWith(BYTES) && value.asText().matches("[0-9]{1,18}")) { // a manifest's settings are texts
            return bytes(value.asLong());
        }
        return value.asText().lines().collect(Collectors.joining(" "));
    }

    private static String bytes(long bytes) {
        double amount = bytes;
        int unit = 0;
        while (amount >= 1024 && unit < UNITS.length - 1) {
            amount /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.1f %s", amount, UNITS[unit]);
    }
}
