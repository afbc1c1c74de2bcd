package ai.spattention.eval.task;

import java.util.Locale;
import java.util.regex.Pattern;

/** Text as Python's {@code str} handles it, which Java's own methods do a little differently. */
public final class PythonText {

    /** Python's {@code \s} for text. */
    private static final String SPACE = "[\\s\\x1c-\\x1f]";
    private static final Pattern SPACES = Pattern.compile(SPACE + "+", Pattern.UNICODE_CHARACTER_CLASS);

    private PythonText() {}

    /**
     * Whether {@code str.isspace} holds for a character.
     *
     * @param codePoint the character
     * @return true for Unicode's white space and the four information separators
     */
    public static boolean isSpace(int codePoint) {
        return Character.isWhitespace(codePoint) || Character.isSpaceChar(codePoint) || codePoint == 0x85;
    }

    /**
     * {@code str.lstrip()}.
     *
     * @param text a text
     * @return the text without leading space
     */
    public static String lstrip(String text) {
        int start = 0;
        while (start < text.length() && isSpace(text.charAt(start))) {
            start++;
        }
        return text.substring(start);
    }

    /**
     * {@code str.rstrip()}.
     *
     * @param text a text
     * @return the text without trailing space
     */
    public static String rstrip(String text) {
        int end = text.length();
        while (end > 0 && isSpace(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(0, end);
    }

    /**
     * {@code str.strip()}.
     *
     * @param text a text
     * @return the text without space around it
     */
    public static String strip(String text) {
        return lstrip(rstrip(text));
    }

    /**
     * {@code str.capitalize()}: the first letter becomes a capital, all others small.
     *
     * @param text a text
     * @return the changed text
     */
    public static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = text.codePointAt(0);
        return Character.toString(Character.toTitleCase(first))
                + text.substring(Character.charCount(first)).toLowerCase(Locale.ROOT);
    }

    /**
     * {@code len(re.split(r"\s+", text))}: the pieces between runs of space, empty ones at the ends included.
     *
     * @param text a text
     * @return the number of pieces, at least 1
     */
    public static int countWords(String text) {
        return SPACES.split(text, -1).length;
    }
}
