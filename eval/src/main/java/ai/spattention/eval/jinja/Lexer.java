package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.jinja.Token.Kind;
import ai.spattention.eval.python.PythonText;
import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Takes a template's text apart, in one pass. Newlines become {@code \n}, and the last one stays. */
final class Lexer {

    private static final List<String> OPERATORS = List.of("//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]",
            "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";");

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    private int line = 1;
    private int counted;

    private Lexer(String source) {
        this.source = source;
    }

    static List<Token> tokens(String source) {
        Lexer lexer = new Lexer(source.replace("\r\n", "\n").replace('\r', '\n'));
        lexer.readAll();
        return lexer.tokens;
    }

    private void add(Kind kind, String text, Object value) {
        tokens.add(new Token(kind, text, value, line()));
    }

    /** The line of the place that has been reached. */
    private int line() {
        for (; counted < at; counted++) {
            if (source.charAt(counted) == '\n') {
                line++;
            }
        }
        return line;
    }

    private InvalidInputException wrong(String problem) {
        return new InvalidInputException("line " + line() + ": " + problem);
    }

    private void readAll() {
        while (at < source.length()) {
            int open = nextOpening();
            if (open < 0) {
                addData(source.substring(at));
                at = source.length();
                break;
            }
            String data = source.substring(at, open);
            at = open;
            int rawEnd = rawBegin(open);
            char sign = open + 2 < source.length() ? source.charAt(open + 2) : ' ';
            addData(sign == '-' ? PythonText.rstrip(data) : data);
            if (rawEnd >= 0) {
                at = rawEnd;
                readRaw();
                continue;
            }
            at = sign == '-' || sign == '+' ? open + 3 : open + 2;
            switch (source.charAt(open + 1)) {
                case '#' -> skipComment();
                case '{' -> readExpression(Kind.PRINT_BEGIN, Kind.PRINT_END, "}}");
                default -> readExpression(Kind.TAG_BEGIN, Kind.TAG_END, "%}");
            }
        }
        add(Kind.END, "", null);
    }

    private void addData(String text) {
        if (!text.isEmpty()) {
            add(Kind.DATA, text, null);
        }
    }

    private int nextOpening() {
        for (int brace = source.indexOf('{', at); brace >= 0 && brace + 1 < source.length(); brace = source.indexOf('{', brace + 1)) {
            if ("{%#".indexOf(source.charAt(brace + 1)) >= 0) {
                return brace;
            }
        }
        return -1;
    }

    private int skipSpace(int from) {
        int place = from;
        while (place < source.length() && PythonText.isSpace(source.charAt(place))) {
            place++;
        }
        return place;
    }

    /** Where an end such as {@code -%}} ends that begins at a place, with the space that a minus removes; -1 if none does. */
    private int end(int from, String mark, boolean plusAllowed) {
        if (source.startsWith("-" + mark, from)) {
            return skipSpace(from + 1 + mark.length());
        }
        if (source.startsWith(mark, from)) {
            return from + mark.length();
        }
        return plusAllowed && source.startsWith("+" + mark, from) ? from + 1 + mark.length() : -1;
    }

    private int tag(int open, String name, boolean plusAllowed) {
        if (!source.startsWith("{%", open)) {
            return -1;
        }
        int place = open + 2;
        if (place < source.length() && (source.charAt(place) == '-' || source.charAt(place) == '+')) {
            place++;
        }
        place = skipSpace(place);
        return source.startsWith(name, place) ? end(skipSpace(place + name.length()), "%}", plusAllowed) : -1;
    }

    private int rawBegin(int open) {
        return tag(open, "raw", false);
    }

    private void readRaw() {
        for (int open = source.indexOf("{%", at); open >= 0; open = source.indexOf("{%", open + 1)) {
            int end = tag(open, "endraw", true);
            if (end >= 0) {
                String data = source.substring(at, open);
                addData(source.charAt(open + 2) == '-' ? PythonText.rstrip(data) : data);
                at = end;
                return;
            }
        }
        throw wrong("'raw' has no 'endraw'");
    }

    private void skipComment() {
        int close = source.indexOf("#}", at);
        if (close < 0) {
            throw wrong("a comment has no '#}'");
        }
        at = close > at && source.charAt(close - 1) == '-' ? skipSpace(close + 2) : close + 2;
    }

    private void readExpression(Kind begin, Kind end, String mark) {
        add(begin, "", null);
        Deque<Character> open = new ArrayDeque<>();
        while (true) {
            if (at >= source.length()) {
                add(Kind.END, "", null);
                return;
            }
            int after = open.isEmpty() ? end(at, mark, end == Kind.TAG_END) : -1;
            if (after >= 0) {
                add(end, "", null);
                at = after;
                return;
            }
            char next = source.charAt(at);
            if (PythonText.isSpace(next)) {
                at = skipSpace(at);
            } else if (next >= '0' && next <= '9') {
                readNumber();
            } else if (PythonText.isWord(source.codePointAt(at))) {
                readName();
            } else if ((next == '\'' || next == '"') && textEnd(next) > 0) {
                readText(next);
            } else {
                readOperator(open);
            }
        }
    }

    private void readOperator(Deque<Character> open) {
        String operator = OPERATORS.stream().filter(each -> source.startsWith(each, at)).findFirst().orElseThrow(() ->
                wrong("'" + Character.toString(source.codePointAt(at)) + "' is not expected here"));
        char bracket = operator.charAt(0);
        switch (bracket) {
            case '(' -> open.push(')');
            case '[' -> open.push(']');
            case '{' -> open.push('}');
            case ')', ']', '}' -> {
                if (open.isEmpty() || open.pop() != bracket) {
                    throw wrong("'" + bracket + "' closes nothing that is open");
                }
            }
            default -> { }
        }
        add(Kind.OPERATOR, operator, null);
        at += operator.length();
    }

    private void readName() {
        int end = at;
        while (end < source.length() && (PythonText.isWord(source.codePointAt(end))
                || Character.isUnicodeIdentifierPart(source.codePointAt(end))
                        && !Character.isIdentifierIgnorable(source.codePointAt(end)))) {
            end += Character.charCount(source.codePointAt(end));
        }
        int first = source.codePointAt(at);
        String name = source.substring(at, end);
        if (first != '_' && !Character.isUnicodeIdentifierStart(first)
                || !name.codePoints().allMatch(Character::isUnicodeIdentifierPart)) {
            throw wrong("'" + name + "' is not a name");
        }
        add(Kind.NAME, name, null);
        at = end;
    }

    /** The end of a run of digits, which underscores may separate; the place itself if there is none. */
    private int digits(int from, int radix) {
        int end = from;
        for (int place = from; place < source.length(); place++) {
            char next = source.charAt(place);
            if (next < 128 && Character.digit(next, radix) >= 0) {
                end = place + 1;
            } else if (next != '_' || place != end || place == from) {
                break;
            }
        }
        return end;
    }

    private void readNumber() {
        int end = digits(at, 10);
        int fraction = end < source.length() && source.charAt(end) == '.' ? digits(end + 1, 10) : end + 1;
        boolean isFloat = fraction > end + 1;
        int mantissa = isFloat ? fraction : end;
        if (mantissa < source.length() && Character.toLowerCase(source.charAt(mantissa)) == 'e') {
            int sign = mantissa + 1;
            if (sign < source.length() && (source.charAt(sign) == '+' || source.charAt(sign) == '-')) {
                sign++;
            }
            if (digits(sign, 10) > sign) {
                mantissa = digits(sign, 10);
                isFloat = true;
            }
        }
        if (isFloat && (at == 0 || source.charAt(at - 1) != '.')) {
            String text = source.substring(at, mantissa);
            Double value = Double.valueOf(text.replace("_", ""));
            if (value.isInfinite()) {
                throw wrong("the number " + text + " is too large for a float");
            }
            add(Kind.FLOAT, text, value);
            at = mantissa;
        } else {
            readInteger();
        }
    }

    private void readInteger() {
        char mark = at + 1 < source.length() && source.charAt(at) == '0' ? Character.toLowerCase(source.charAt(at + 1)) : ' ';
        int radix = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
        int from = radix == 10 ? at : at + 2;
        if (from < source.length() && from > at && source.charAt(from) == '_') {
            from++;
        }
        int end = digits(from, radix);
        if (radix != 10 && end == from) { // 0 and a name
            radix = 10;
            from = at;
            end = at + 1;
        } else if (radix == 10 && source.charAt(at) == '0') {
            for (end = at + 1; end < source.length() && (source.charAt(end) == '0' || source.startsWith("_0", end)); end++) {
                // zeros only: another digit after them is a number of its own
            }
        }
        String text = source.substring(at, end);
        String digits = source.substring(from, end).replace("_", "");
        if (radix == 10 && digits.length() > Numbers.MAX_DIGITS) {
            throw wrong("a number has more than " + Numbers.MAX_DIGITS + " digits");
        }
        if (digits.length() > Run.MAX_BITS / 4) {
            throw wrong("a number has more than " + Run.MAX_BITS / 4 + " digits");
        }
        add(Kind.INTEGER, text, new BigInteger(digits, radix));
        at = end;
    }

    /** The place of a text's closing quote; -1 if there is none. */
    private int textEnd(char quote) {
        for (int place = at + 1; place < source.length(); place++) {
            if (source.charAt(place) == '\\') {
                place++;
            } else if (source.charAt(place) == quote) {
                return place;
            }
        }
        return -1;
    }

    private void readText(char quote) {
        int end = textEnd(quote);
        add(Kind.TEXT, unescape(source.substring(at + 1, end)), null);
        at = end + 1;
    }

    private String unescape(String literal) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < literal.length(); i++) {
            char next = literal.charAt(i);
            if (next != '\\') {
                text.append(next);
                continue;
            }
            char kind = literal.charAt(++i);
            int simple = "\\'\"abfnrtv".indexOf(kind);
            if (simple >= 0) {
                text.append("\\'\"\u0007\b\f\n\r\t\u000b".charAt(simple));
            } else if (kind == 'x' || kind == 'u' || kind == 'U') {
                int length = kind == 'x' ? 2 : kind == 'u' ? 4 : 8;
                text.appendCodePoint(hex(literal, i + 1, length));
                i += length;
            } else if (kind >= '0' && kind <= '7') {
                int end = i + 1;
                while (end < literal.length() && end < i + 3 && literal.charAt(end) >= '0' && literal.charAt(end) <= '7') {
                    end++;
                }
                text.append((char) Integer.parseInt(literal.substring(i, end), 8));
                i = end - 1;
            } else if (kind == 'N') {
                throw wrong("\\N in a text is not supported: write the character itself, or \\u and its number");
            } else if (kind != '\n') {
                text.append('\\').append(kind);
            }
        }
        return text.toString();
    }

    private static boolean isSurrogate(long number) {
        return number >= Character.MIN_SURROGATE && number <= Character.MAX_SURROGATE;
    }

    private int hex(String literal, int from, int length) {
        String digits = literal.substring(from, Math.min(literal.length(), from + length));
        if (digits.length() < length || !digits.chars().allMatch(digit -> digit < 128 && Character.digit(digit, 16) >= 0)
                || Long.parseLong(digits, 16) > Character.MAX_CODE_POINT || isSurrogate(Long.parseLong(digits, 16))) {
            throw wrong("'\\" + literal.charAt(from - 1) + digits + "' in a text is no character");
        }
        return Integer.parseInt(digits, 16);
    }
}
