package ai.spattention.olmoe.io;

import java.util.Locale;

/**
 * Makes visible what would command a terminal, or show a text in another order than it has: names of files, tasks and fields
 * may hold anything. Such characters are written as JSON writes them, an escape as {@code \}{@code u001b}.
 */
public final class VisibleText {

    private static final String BIDIRECTIONAL = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069";
    private static final String SEPARATORS = "\u2028\u2029";

    private VisibleText() {}

    /**
     * For texts of several lines.
     *
     * @param text any text
     * @return the text; ends of lines and tabs are kept
     */
    public static String of(String text) {
        StringBuilder visible = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (commands(c) && visible == null) {
                visible = new StringBuilder(text.length() + 16).append(text, 0, i);
            }
            if (visible != null) {
                visible.append(commands(c) ? String.format(Locale.ROOT, "\\u%04x", (int) c) : String.valueOf(c));
            }
        }
        return visible == null ? text : visible.toString();
    }

    /**
     * For one line, such as a message or a cell of a table.
     *
     * @param text any text
     * @return the text without ends of lines
     */
    public static String line(String text) {
        return of(text.replace("\r\n", "\n").replace("\n", "\\n").replace("\r", "\\r"));
    }

    private static boolean commands(char c) {
        return Character.isISOControl(c) && c != '\n' && c != '\t' || c > 0xFF && (BIDIRECTIONAL + SEPARATORS).indexOf(c) >= 0;
    }
}
