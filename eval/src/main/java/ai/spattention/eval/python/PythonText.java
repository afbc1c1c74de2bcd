package ai.spattention.eval.python;

import java.util.Locale;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;

/**
 * Text as Python's {@code str} handles it, which Java's own methods do a little differently. Nothing depends on the machine's
 * locale.
 */
public final class PythonText {

    /** Python's {@code \s} for text. */
    private static final String SPACE = "[\\s\\x1c-\\x1f]";
    private static final Pattern SPACES = Pattern.compile(SPACE + "+", Pattern.UNICODE_CHARACTER_CLASS);
    private static final int CAPITAL_SIGMA = 0x3a3;
    /** What Unicode calls MidLetter, MidNumLet and Single_Quote: the decision on a final sigma looks past them. */
    private static final String WITHIN_WORDS =
            "'.:\u00b7\u0387\u055f\u05f4\u2018\u2019\u2024\u2027\ufe13\ufe52\ufe55\uff07\uff0e\uff1a";

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
        return lstrip(text, PythonText::isSpace);
    }

    /**
     * {@code str.lstrip(characters)}.
     *
     * @param text a text
     * @param drop the characters to remove
     * @return the text without them at its beginning
     */
    public static String lstrip(String text, IntPredicate drop) {
        int start = 0;
        while (start < text.length() && drop.test(text.codePointAt(start))) {
            start += Character.charCount(text.codePointAt(start));
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
        return rstrip(text, PythonText::isSpace);
    }

    /**
     * {@code str.rstrip(characters)}.
     *
     * @param text a text
     * @param drop the characters to remove
     * @return the text without them at its end
     */
    public static String rstrip(String text, IntPredicate drop) {
        int end = text.length();
        while (end > 0 && drop.test(text.codePointBefore(end))) {
            end -= Character.charCount(text.codePointBefore(end));
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
     * {@code str.upper()}.
     *
     * @param text a text
     * @return the text in capitals; one letter may become several
     */
    public static String upper(String text) {
        return text.toUpperCase(Locale.ROOT);
    }

    /**
     * {@code str.lower()}.
     *
     * @param text a text
     * @return the text in small letters; a capital sigma at a word's end becomes a final one
     */
    public static String lower(String text) {
        if (text.indexOf(CAPITAL_SIGMA) < 0) {
            return text.toLowerCase(Locale.ROOT);
        }
        StringBuilder lower = new StringBuilder();
        int done = 0;
        for (int at = text.indexOf(CAPITAL_SIGMA); at >= 0; at = text.indexOf(CAPITAL_SIGMA, done)) {
            lower.append(text.substring(done, at).toLowerCase(Locale.ROOT)).append(isFinalSigma(text, at) ? '\u03c2' : '\u03c3');
            done = at + 1;
        }
        return lower.append(text.substring(done).toLowerCase(Locale.ROOT)).toString();
    }

    private static boolean isFinalSigma(String text, int at) {
        int before = at;
        while (before > 0 && isCaseIgnorable(text.codePointBefore(before))) {
            before -= Character.charCount(text.codePointBefore(before));
        }
        if (before == 0 || !isCased(text.codePointBefore(before))) {
            return false;
        }
        int after = at + 1;
        while (after < text.length() && isCaseIgnorable(text.codePointAt(after))) {
            after += Character.charCount(text.codePointAt(after));
        }
        return after == text.length() || !isCased(text.codePointAt(after));
    }

    private static boolean isCaseIgnorable(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.FORMAT, Character.MODIFIER_LETTER,
                    Character.MODIFIER_SYMBOL -> true;
            default -> WITHIN_WORDS.indexOf(codePoint) >= 0;
        };
    }

    /**
     * Whether a character is a capital, a small or a title letter.
     *
     * @param codePoint the character
     * @return true if it has a case
     */
    public static boolean isCased(int codePoint) {
        return Character.isUpperCase(codePoint) || Character.isLowerCase(codePoint) || Character.isTitleCase(codePoint);
    }

    /** A character as the first of a title word, which may be several: the German sharp s becomes Ss. */
    private static String titleLetter(int codePoint) {
        String letter = Character.toString(codePoint);
        int title = Character.toTitleCase(codePoint);
        String upper = upper(letter);
        if (title != codePoint || Character.isTitleCase(codePoint) || upper.codePointCount(0, upper.length()) == 1 || codePoint == 0x149) {
            return codePoint == 0x149 ? upper : Character.toString(title);
        }
        int first = upper.offsetByCodePoints(0, 1);
        return upper.substring(0, first) + lower(upper.substring(first).replace('\u0399', '\u0345')); // a subscript iota stays one
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
        String lower = lowerAfter(text, Character.charCount(text.codePointAt(0)));
        return titleLetter(text.codePointAt(0)) + lower;
    }

    /** The small letters of a text from a place on, decided within the whole text. */
    private static String lowerAfter(String text, int from) {
        return lower(text).substring(lower(text.substring(0, from)).length());
    }

    /**
     * {@code str.title()}: each letter after one that is none becomes a capital, all others small.
     *
     * @param text a text
     * @return the changed text
     */
    public static String title(String text) {
        StringBuilder title = new StringBuilder();
        boolean inWord = false;
        for (int i = 0; i < text.length();) {
            int codePoint = text.codePointAt(i);
            if (!inWord) {
                title.append(titleLetter(codePoint));
            } else if (codePoint == CAPITAL_SIGMA) {
                title.append(isFinalSigma(text, i) ? '\u03c2' : '\u03c3');
            } else {
                title.append(Character.toString(codePoint).toLowerCase(Locale.ROOT));
            }
            inWord = isCased(codePoint);
            i += Character.charCount(codePoint);
        }
        return title.toString();
    }

    /**
     * {@code str.swapcase()}.
     *
     * @param text a text
     * @return the text with capitals small and small letters in capitals
     */
    public static String swapCase(String text) {
        StringBuilder swapped = new StringBuilder();
        for (int i = 0; i < text.length();) {
            int codePoint = text.codePointAt(i);
            String letter = Character.toString(codePoint);
            if (Character.isUpperCase(codePoint)) {
                swapped.append(codePoint == CAPITAL_SIGMA ? isFinalSigma(text, i) ? "\u03c2" : "\u03c3"
                        : letter.toLowerCase(Locale.ROOT));
            } else {
                swapped.append(Character.isLowerCase(codePoint) ? upper(letter) : letter);
            }
            i += letter.length();
        }
        return swapped.toString();
    }

    /**
     * Whether {@code \w} matches a character.
     *
     * @param codePoint the character
     * @return true for letters, numbers and the underscore
     */
    public static boolean isWord(int codePoint) {
        return codePoint == '_' || isAlphanumeric(codePoint);
    }

    /**
     * Whether {@code str.isalnum} holds for a character.
     *
     * @param codePoint the character
     * @return true for letters and numbers
     */
    public static boolean isAlphanumeric(int codePoint) {
        return Character.isLetter(codePoint) || isNumeric(codePoint);
    }

    /**
     * Whether a character is a number of any kind.
     *
     * @param codePoint the character
     * @return true for digits, letters that are numbers, fractions and the like
     */
    public static boolean isNumeric(int codePoint) {
        int type = Character.getType(codePoint);
        return type == Character.DECIMAL_DIGIT_NUMBER || type == Character.LETTER_NUMBER || type == Character.OTHER_NUMBER;
    }

    /**
     * Whether {@code str.isprintable} holds for a character.
     *
     * @param codePoint the character
     * @return false for what {@code repr} writes as an escape
     */
    public static boolean isPrintable(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE, Character.UNASSIGNED,
                    Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> false;
            case Character.SPACE_SEPARATOR -> codePoint == ' ';
            default -> true;
        };
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
