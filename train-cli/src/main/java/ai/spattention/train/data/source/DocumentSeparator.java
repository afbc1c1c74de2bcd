package ai.spattention.train.data.source;

import ai.spattention.common.InvalidInputException;
import java.util.Locale;

/**
 * What stands between the documents of a plain text. Line ends are those of Unix and of Windows.
 *
 * @param kind what to look for
 * @param text the separator's text; empty where its kind has none
 */
public record DocumentSeparator(Kind kind, String text) {

    /** A file is one document. */
    public static final DocumentSeparator NONE = new DocumentSeparator(Kind.NONE, "");

    /** The most characters of a separator, and of the white space of a blank line. */
    static final int LONGEST = 4096;

    /** Kinds of separators. */
    public enum Kind {
        /** There is none. */
        NONE,
        /** One or more lines of white space. */
        BLANK_LINES,
        /** A line that holds the text and nothing else. */
        LINE,
        /** The text, wherever it stands. */
        TEXT
    }

    /**
     * Checks the text.
     *
     * @throws InvalidInputException if it is empty where it is needed, too long, or spans lines where it is one
     */
    public DocumentSeparator {
        boolean hasText = kind == Kind.LINE || kind == Kind.TEXT;
        if (hasText && text.isEmpty()) {
            throw new InvalidInputException("--document-separator has no text after the colon: write it there, or 'blank-lines'");
        }
        if (text.length() > LONGEST) {
            throw new InvalidInputException("the text of --document-separator must have at most " + LONGEST + " characters (got "
                    + text.length() + ")");
        }
        if (kind == Kind.LINE && (text.indexOf('\n') >= 0 || text.indexOf('\r') >= 0)) {
            throw new InvalidInputException("the text of --document-separator line:TEXT must be one line: use text:TEXT for more");
        }
    }

    /**
     * Reads a separator.
     *
     * @param value {@code none}, {@code blank-lines}, {@code line:TEXT} or {@code text:TEXT}, where {@code \n}, {@code \r},
     *     {@code \t}, {@code \f}, <code>&#92;uXXXX</code> and {@code \\} stand for what they do in Java
     * @return the separator
     * @throws InvalidInputException if it is something else
     */
    public static DocumentSeparator parse(String value) {
        int colon = value.indexOf(':');
        String kind = colon < 0 ? value : value.substring(0, colon);
        if (colon < 0 && kind.equals("none")) {
            return NONE;
        } else if (colon < 0 && kind.equals("blank-lines")) {
            return new DocumentSeparator(Kind.BLANK_LINES, "");
        } else if (colon >= 0 && kind.equals("line")) {
            return new DocumentSeparator(Kind.LINE, unescaped(value.substring(colon + 1)));
        } else if (colon >= 0 && kind.equals("text")) {
            return new DocumentSeparator(Kind.TEXT, unescaped(value.substring(colon + 1)));
        }
        throw new InvalidInputException("--document-separator must be none, blank-lines, line:TEXT or text:TEXT (got '" + value
                + "'): write 'line:" + value + "' for lines that hold this and nothing else, 'text:" + value + "' for this anywhere");
    }

    private static String unescaped(String text) {
        StringBuilder result = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '\\') {
                result.append(c);
                continue;
            }
            i++;
            char escaped = i < text.length() ? text.charAt(i) : ' ';
            switch (escaped) {
                case 'n' -> result.append('\n');
                case 'r' -> result.append('\r');
                case 't' -> result.append('\t');
                case 'f' -> result.append('\f');
                case '\\' -> result.append('\\');
                case 'u' -> {
                    String digits = text.substring(i + 1, Math.min(text.length(), i + 5));
                    if (!digits.matches("[0-9A-Fa-f]{4}")) {
                        throw badEscape(text);
                    }
                    result.append((char) Integer.parseInt(digits, 16));
                    i += 4;
                }
                default -> throw badEscape(text);
            }
        }
        return result.toString();
    }

    private static InvalidInputException badEscape(String text) {
        return new InvalidInputException("the text of --document-separator has a backslash that means nothing (got '" + text
                + "'): \\n, \\r, \\t, \\f, \\uXXXX and \\\\ are known, \\\\ stands for one backslash");
    }

    /** The form that {@link #parse} reads. */
    @Override
    public String toString() {
        StringBuilder escaped = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\') {
                escaped.append("\\\\");
            } else if (Character.isISOControl(c)) {
                escaped.append(String.format(Locale.ROOT, "\\u%04X", (int) c));
            } else {
                escaped.append(c);
            }
        }
        return switch (kind) {
            case NONE -> "none";
            case BLANK_LINES -> "blank-lines";
            case LINE -> "line:" + escaped;
            case TEXT -> "text:" + escaped;
        };
    }
}
