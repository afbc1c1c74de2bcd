package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Python's {@code re.sub}: translates a pattern into Java's syntax where both mean the same, and refuses what has no
 * counterpart.
 */
final class PythonRegex {

    private static final String WORD = "\\p{L}\\p{N}_";
    private static final String SPACE = "\\x09-\\x0d\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
    /** Matches nothing; without a character beyond the basic plane in it, Java looks behind by UTF-16 units. */
    private static final String WHOLE_CHARACTERS = "\ud801\udc00{0}";
    private static final String AFTER_WORD = "(?<=" + WHOLE_CHARACTERS + "[" + WORD + "])";
    private static final String NOT_AFTER_WORD = "(?<!" + WHOLE_CHARACTERS + "[" + WORD + "])";
    private static final String IN_WORD = "[" + WORD + "]";
    private static final int MAX_REPEATS = 1000;

    private final String pattern;
    private final Map<String, Integer> names = new HashMap<>();
    private final StringBuilder java = new StringBuilder();
    private int at;
    private int groups;
    private int open;
    private boolean ignoreCase;
    private boolean lines;
    private boolean dotAll;

    private PythonRegex(String pattern) {
        this.pattern = pattern;
    }

    /** Text that counts how often it is looked at, for a pattern may go back without end. */
    private record Counted(Run run, CharSequence text) implements CharSequence {

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public char charAt(int index) {
            run.spend(1);
            return text.charAt(index);
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.subSequence(start, end);
        }

        @Override
        public String toString() {
            return text.toString();
        }
    }

    /** Replaces the first matches, all of them where the count is 0. */
    static String replace(Run run, String text, String pattern, String replacement, int count) {
        PythonRegex regex = new PythonRegex(pattern);
        regex.translate();
        if (regex.ignoreCase && !(pattern + text).chars().allMatch(each -> each < 128)) {
            throw regex.unsupported("to ignore case beyond ASCII");
        }
        try {
            int flags = regex.ignoreCase ? Pattern.CASE_INSENSITIVE : 0;
            Pattern java = Pattern.compile(regex.java.toString(), flags);
            Pattern advancing = Pattern.compile("(?:" + regex.java + ")(?!\\G)", flags);
            return regex.replace(run, text, replacement, count, matcher(run, java, text), matcher(run, advancing, text));
        } catch (PatternSyntaxException e) {
            throw new InvalidInputException("the pattern '" + pattern + "' is wrong: " + e.getDescription(), e);
        }
    }

    private static Matcher matcher(Run run, Pattern pattern, String text) {
        return pattern.matcher(new Counted(run, text)).useAnchoringBounds(false).useTransparentBounds(true);
    }

    private String replace(Run run, String text, String replacement, int count, Matcher any, Matcher advancing) {
        StringBuilder out = new StringBuilder();
        int done = 0;
        int from = 0;
        boolean afterEmpty = false;
        for (int replaced = 0; from <= text.length() && (count <= 0 || replaced < count); replaced++) {
            Matcher match = any;
            if (afterEmpty && advancing.region(from, text.length()).lookingAt()) {
                match = advancing; // after an empty match, one at the same place may follow that is not empty
            } else {
                int next = !afterEmpty ? from : from < text.length() ? text.offsetByCodePoints(from, 1) : from + 1;
                if (next > text.length() || !any.region(next, text.length()).find()) {
                    break;
                }
            }
            out.append(text, done, match.start());
            expand(replacement, match, text, out);
            run.checkLength(out.length());
            run.spend(1);
            done = match.end();
            from = match.end();
            afterEmpty = match.start() == match.end();
        }
        return out.append(text, done, text.length()).toString();
    }

    private InvalidInputException unsupported(String what) {
        return new InvalidInputException("the pattern '" + pattern + "' is not supported: " + what);
    }

    private InvalidInputException wrong(String problem) {
        return new InvalidInputException("the pattern '" + pattern + "' is wrong: " + problem);
    }

    private boolean skip(String mark) {
        boolean found = pattern.startsWith(mark, at);
        at += found ? mark.length() : 0;
        return found;
    }

    private void translate() {
        readFlags();
        boolean repeatable = false;
        while (at < pattern.length()) {
            char next = pattern.charAt(at);
            if (next == '*' || next == '+' || next == '?' || next == '{' && repeats() != null) {
                if (!repeatable) {
                    throw wrong("nothing to repeat before '" + next + "'");
                }
                repeat();
                repeatable = false;
                continue;
            }
            repeatable = true;
            switch (next) {
                case '(' -> repeatable = openGroup();
                case ')' -> {
                    at++;
                    java.append(')');
                    if (--open < 0) {
                        throw wrong("a ')' without '('");
                    }
                }
                case '|' -> {
                    at++;
                    java.append('|');
                    repeatable = false;
                }
                case '[' -> charClass();
                case '\\' -> escape();
                case '.' -> {
                    at++;
                    java.append(dotAll ? "(?s:.)" : "[^\\n]");
                }
                case '^' -> {
                    at++;
                    java.append(lines ? "(?:\\A|(?<=\\n))" : "\\A");
                    repeatable = false;
                }
                case '$' -> {
                    at++;
                    java.append(lines ? "(?=\\n|\\z)" : "(?=\\n?\\z)");
                    repeatable = false;
                }
                default -> literal();
            }
        }
        if (open > 0) {
            throw wrong("a '(' without ')'");
        }
    }

    private void readFlags() {
        if (!pattern.matches("(?s)\\(\\?[aiLmsux]+\\).*")) {
            return;
        }
        at = pattern.indexOf(')') + 1;
        for (char flag : pattern.substring(2, at - 1).toCharArray()) {
            switch (flag) {
                case 'i' -> ignoreCase = true;
                case 'm' -> lines = true;
                case 's' -> dotAll = true;
                case 'u' -> { }
                default -> throw unsupported("the flag '" + flag + "'");
            }
        }
    }

    private void literal() {
        int codePoint = pattern.codePointAt(at);
        at += Character.charCount(codePoint);
        literal(codePoint);
    }

    private void literal(int codePoint) {
        java.append("\\x{").append(Integer.toHexString(codePoint)).append('}');
    }

    /** The bounds of {@code {2,3}}; null where the brace stands for itself. */
    private String[] repeats() {
        Matcher bounds = Pattern.compile("\\{([0-9]*)(?:(,)([0-9]*))?\\}").matcher(pattern).region(at, pattern.length());
        if (!bounds.lookingAt() || bounds.group(1).isEmpty() && (bounds.group(2) == null)) {
            return null;
        }
        return new String[] {bounds.group(), bounds.group(1), bounds.group(2), bounds.group(3)};
    }

    private void repeat() {
        String[] bounds = pattern.charAt(at) == '{' ? repeats() : null;
        if (bounds == null) {
            java.append(pattern.charAt(at++));
        } else {
            at += bounds[0].length();
            String least = bounds[1].isEmpty() ? "0" : bounds[1];
            String most = bounds[2] == null ? least : bounds[3];
            if (least.length() > 4 || most.length() > 4 || Integer.parseInt(least) > MAX_REPEATS
                    || !most.isEmpty() && Integer.parseInt(most) > MAX_REPEATS) {
                throw unsupported("to repeat more than " + MAX_REPEATS + " times");
            }
            java.append('{').append(least).append(bounds[2] == null ? "" : ",").append(bounds[2] == null ? "" : most).append('}');
        }
        if (at < pattern.length() && (pattern.charAt(at) == '?' || pattern.charAt(at) == '+')) {
            java.append(pattern.charAt(at++));
        }
    }

    /** Whether what begins there can be repeated. */
    private boolean openGroup() {
        if (skip("(?#")) {
            int close = pattern.indexOf(')', at);
            if (close < 0) {
                throw wrong("a comment without ')'");
            }
            at = close + 1;
            return false;
        }
        if (skip("(?P=")) {
            int close = pattern.indexOf(')', at);
            Integer group = close < 0 ? null : names.get(pattern.substring(at, close));
            if (group == null) {
                throw wrong("it refers to a group that is not there");
            }
            at = close + 1;
            reference(group);
            return true;
        }
        open++;
        if (skip("(?P<")) {
            int close = pattern.indexOf('>', at);
            if (close < 0 || names.putIfAbsent(pattern.substring(at, close), groups + 1) != null) {
                throw wrong("a group's name is wrong or given twice");
            }
            at = close + 1;
            groups++;
            java.append('(');
        } else if (pattern.startsWith("(?", at)) {
            for (String kind : new String[] {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>"}) {
                if (skip(kind)) {
                    java.append(kind).append(kind.contains("<") ? WHOLE_CHARACTERS : "");
                    return false;
                }
            }
            throw unsupported("a group that begins with '" + pattern.substring(at, Math.min(pattern.length(), at + 3)) + "'");
        } else {
            at++;
            groups++;
            java.append('(');
        }
        return false;
    }

    private void reference(int group) {
        if (group > groups) {
            throw wrong("it refers to the group " + group + ", which is not there");
        }
        java.append("(?:\\").append(group).append(')');
    }

    private void escape() {
        at++;
        if (at >= pattern.length()) {
            throw wrong("it ends with a backslash");
        }
        char kind = pattern.charAt(at);
        switch (kind) {
            case 'A' -> java.append("\\A");
            case 'Z' -> java.append("\\z");
            case 'b' -> java.append("(?:" + AFTER_WORD + "(?!" + IN_WORD + ")|" + NOT_AFTER_WORD + "(?=" + IN_WORD + "))");
            case 'B' -> java.append("(?:" + AFTER_WORD + "(?=" + IN_WORD + ")|(?!\\A\\z)" + NOT_AFTER_WORD + "(?!" + IN_WORD + "))");
            default -> {
                String kindOf = ofKind(kind);
                if (kindOf != null) {
                    java.append(kindOf);
                } else if (kind >= '1' && kind <= '9') {
                    int end = at + 1;
                    if (end < pattern.length() && Character.digit(pattern.charAt(end), 10) >= 0) {
                        end++;
                    }
                    if (end < pattern.length() && end == at + 2 && Character.digit(pattern.charAt(end), 10) >= 0) {
                        throw unsupported("a character by its octal number");
                    }
                    reference(Integer.parseInt(pattern.substring(at, end)));
                    at = end;
                    return;
                } else {
                    literal(character());
                    return;
                }
            }
        }
        at++;
    }

    /** A class such as {@code \d}; null for any other letter. */
    private static String ofKind(char kind) {
        return switch (kind) {
            case 'd' -> "\\p{Nd}";
            case 'D' -> "\\P{Nd}";
            case 'w' -> IN_WORD;
            case 'W' -> "[^" + WORD + "]";
            case 's' -> "[" + SPACE + "]";
            case 'S' -> "[^" + SPACE + "]";
            default -> null;
        };
    }

    /** The character that an escape stands for. */
    private int character() {
        char kind = pattern.charAt(at);
        int simple = "nrtfva".indexOf(kind);
        if (simple >= 0) {
            at++;
            return "\n\r\t\f\u000b\u0007".charAt(simple);
        }
        int digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
        if (digits > 0) {
            String hex = pattern.substring(at + 1, Math.min(pattern.length(), at + 1 + digits));
            if (hex.length() < digits || !hex.matches("[0-9a-fA-F]+") || Long.parseLong(hex, 16) > Character.MAX_CODE_POINT) {
                throw wrong("an escape is incomplete");
            }
            at += 1 + digits;
            return Integer.parseInt(hex, 16);
        }
        if (kind < 128 && Character.isLetterOrDigit(kind)) {
            throw unsupported("the escape '\\" + kind + "'");
        }
        int codePoint = pattern.codePointAt(at);
        at += Character.charCount(codePoint);
        return codePoint;
    }

    private void charClass() {
        at++;
        java.append('[');
        if (skip("^")) {
            java.append('^');
        }
        boolean first = true;
        while (true) {
            if (at >= pattern.length()) {
                throw wrong("a '[' without ']'");
            }
            if (pattern.charAt(at) == ']' && !first) {
                break;
            }
            first = false;
            Integer low = member();
            if (low == null) {
                continue;
            }
            literal(low);
            if (pattern.startsWith("-", at) && !pattern.startsWith("-]", at)) {
                at++;
                Integer high = at < pattern.length() ? member() : null;
                if (high == null || high < low) {
                    throw wrong("a range has no end, or one before its beginning");
                }
                java.append('-');
                literal(high);
            }
        }
        at++;
        java.append(']');
    }

    /** A character of a class; null if it was a class of its own, which is written. */
    private Integer member() {
        if (!skip("\\")) {
            int codePoint = pattern.codePointAt(at);
            at += Character.charCount(codePoint);
            return codePoint;
        }
        if (at >= pattern.length()) {
            throw wrong("a '[' without ']'");
        }
        String kind = ofKind(pattern.charAt(at));
        if (kind != null) {
            java.append(kind);
            at++;
            return null;
        }
        return skip("b") ? Integer.valueOf('\b') : Integer.valueOf(character());
    }

    /** Writes a replacement: {@code \1}, {@code \g<1>} and {@code \g<name>} stand for groups. */
    private void expand(String replacement, Matcher match, String text, StringBuilder out) {
        for (int i = 0; i < replacement.length(); i++) {
            char next = replacement.charAt(i);
            if (next != '\\') {
                out.append(next);
                continue;
            }
            char kind = ++i < replacement.length() ? replacement.charAt(i) : ' ';
            int simple = "\\nrtfva".indexOf(kind);
            if (simple >= 0) {
                out.append("\\\n\r\t\f\u000b\u0007".charAt(simple));
            } else if (kind == 'g') {
                int close = replacement.indexOf('>', i);
                if (!replacement.startsWith("<", i + 1) || close < 0) {
                    throw wrongReplacement(replacement);
                }
                group(replacement, replacement.substring(i + 2, close), match, text, out);
                i = close;
            } else if (kind >= '1' && kind <= '9') {
                int end = i + 1;
                while (end < replacement.length() && Character.digit(replacement.charAt(end), 10) >= 0) {
                    end++;
                }
                if (end - i > 2) {
                    throw wrongReplacement(replacement);
                }
                group(replacement, replacement.substring(i, end), match, text, out);
                i = end - 1;
            } else if (i >= replacement.length() || kind < 128 && Character.isLetterOrDigit(kind)) {
                throw wrongReplacement(replacement);
            } else {
                out.append('\\').append(kind);
            }
        }
    }

    private static InvalidInputException wrongReplacement(String replacement) {
        return new InvalidInputException("the replacement '" + replacement + "' is wrong, or uses an escape that is not supported");
    }

    private void group(String replacement, String name, Matcher match, String text, StringBuilder out) {
        Integer group = name.matches("[0-9]{1,4}") ? Integer.valueOf(name) : names.get(name);
        if (group == null || group > groups) {
            throw wrongReplacement(replacement);
        }
        if (match.start(group) >= 0) {
            out.append(text, match.start(group), match.end(group));
        }
    }
}
