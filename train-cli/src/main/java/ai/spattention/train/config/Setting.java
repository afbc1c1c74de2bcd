package ai.spattention.train.config;

import ai.spattention.common.InvalidInputException;
import com.fasterxml.jackson.databind.JsonNode;

/**
 * A value as it was written, and where.
 *
 * @param path the key with its sections, separated by dots
 * @param value the value; an empty object says that the path is a section
 * @param text the value's own text
 * @param origin where it was written, for messages: {@code file:line} or the override
 */
record Setting(String path, JsonNode value, String text, String origin) {

    private static final int LONGEST_SHOWN = 60;

    /** The same value for another key. */
    Setting as(String otherPath) {
        return new Setting(otherPath, value, text, origin);
    }

    /** The refusal of this setting, with the place where it was written. */
    InvalidInputException refused(String message) {
        return new InvalidInputException(origin + ": " + message);
    }

    /** What was found, for messages. */
    String got() {
        if (value.isObject()) {
            return "a section";
        }
        if (value.isArray()) {
            return "a list";
        }
        if (value.isNull()) {
            return text.isEmpty() ? "nothing" : shown(text);
        }
        return value.isTextual() ? "'" + shown(text) + "'" : shown(text);
    }

    /** Foreign text on one line and of bearable length. */
    static String shown(String text) {
        String line = text.codePoints()
                .map(c -> Character.isISOControl(c) ? '?' : c)
                .limit(LONGEST_SHOWN)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
        return text.codePointCount(0, text.length()) > LONGEST_SHOWN ? line + "..." : line;
    }
}
