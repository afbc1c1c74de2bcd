package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.python.PythonText;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.UnaryOperator;

/** The methods of {@code str}. */
final class TextMethods {

    static final Map<String, Methods.Work<String>> ALL = all();

    /** Methods of text that is marked as HTML whose result is marked, too, and whose arguments are not escaped. */
    private static final Set<String> KEEP_MARK = Set.of("capitalize", "title", "lower", "upper", "lstrip", "rstrip", "strip",
            "expandtabs", "swapcase", "zfill", "casefold", "removeprefix", "removesuffix", "partition", "rpartition", "split",
            "rsplit", "splitlines");
    private static final Set<String> ESCAPE = Set.of("join", "replace", "ljust", "rjust", "center", "format");

    private TextMethods() {}

    private static Map<String, Methods.Work<String>> all() {
        Map<String, Methods.Work<String>> all = new HashMap<>();
        change(all, "capitalize", PythonText::capitalize);
        change(all, "title", PythonText::title);
        change(all, "lower", PythonText::lower);
        change(all, "upper", PythonText::upper);
        change(all, "swapcase", PythonText::swapCase);
        all.put("casefold", (run, self, arguments) -> {
            if (!self.chars().allMatch(each -> each < 128)) {
                throw new InvalidInputException("'casefold' is supported for ASCII only (got '" + self + "')");
            }
            arguments.bindPositional("casefold()", 0, 0);
            return self.toLowerCase(Locale.ROOT);
        });
        all.put("strip", (run, self, arguments) -> strip(self, arguments, true, true));
        all.put("lstrip", (run, self, arguments) -> strip(self, arguments, true, false));
        all.put("rstrip", (run, self, arguments) -> strip(self, arguments, false, true));
        all.put("split", TextMethods::split);
        all.put("rsplit", TextMethods::splitFromRight);
        all.put("splitlines", (run, self, arguments) ->
                lines(self, arguments.bind("splitlines()", 0, "keepends").truth(0, false)));
        all.put("partition", (run, self, arguments) -> partition(run, self, arguments, true));
        all.put("rpartition", (run, self, arguments) -> partition(run, self, arguments, false));
        all.put("join", (run, self, arguments) -> join(run, self, arguments));
        all.put("replace", (run, self, arguments) -> {
            Arguments.Bound given = arguments.bindPositional("replace()", 2, 3);
            return replace(run, self, given.text(0), given.text(1), given.number(2, -1));
        });
        all.put("startswith", (run, self, arguments) -> hasEdge(self, arguments, "startswith()"));
        all.put("endswith", (run, self, arguments) -> hasEdge(self, arguments, "endswith()"));
        all.put("find", (run, self, arguments) -> BigInteger.valueOf(find(run, self, arguments, "find()", true)));
        all.put("rfind", (run, self, arguments) -> BigInteger.valueOf(find(run, self, arguments, "rfind()", false)));
        all.put("index", (run, self, arguments) -> found(find(run, self, arguments, "index()", true)));
        all.put("rindex", (run, self, arguments) -> found(find(run, self, arguments, "rindex()", false)));
        all.put("count", TextMethods::count);
        all.put("removeprefix", (run, self, arguments) -> {
            String edge = arguments.bindPositional("removeprefix()", 1, 1).text(0);
            return self.startsWith(edge) ? self.substring(edge.length()) : self;
        });
        all.put("removesuffix", (run, self, arguments) -> {
            String edge = arguments.bindPositional("removesuffix()", 1, 1).text(0);
            return self.endsWith(edge) ? self.substring(0, self.length() - edge.length()) : self;
        });
        all.put("center", (run, self, arguments) -> pad(run, self, arguments, "center()"));
        all.put("ljust", (run, self, arguments) -> pad(run, self, arguments, "ljust()"));
        all.put("rjust", (run, self, arguments) -> pad(run, self, arguments, "rjust()"));
        all.put("zfill", (run, self, arguments) -> {
            int width = arguments.bindPositional("zfill()", 1, 1).number(0, 0);
            boolean signed = self.startsWith("+") || self.startsWith("-");
            run.checkLength(width);
            String zeros = "0".repeat(Math.max(0, width - Text.length(self)));
            return signed ? self.charAt(0) + zeros + self.substring(1) : zeros + self;
        });
        all.put("expandtabs", (run, self, arguments) ->
                expandTabs(run, self, arguments.bind("expandtabs()", 0, "tabsize").number(0, 8)));
        all.put("format", (run, self, arguments) -> Braces.format(run, self, arguments));
        test(all, "isalpha", Character::isLetter);
        test(all, "isalnum", PythonText::isAlphanumeric);
        test(all, "isdecimal", each -> Character.getType(each) == Character.DECIMAL_DIGIT_NUMBER);
        test(all, "isdigit", TextMethods::isDigit);
        test(all, "isspace", PythonText::isSpace);
        all.put("isnumeric", (run, self, arguments) -> {
            arguments.bindPositional("isnumeric()", 0, 0);
            if (self.codePoints().anyMatch(each -> Character.isIdeographic(each))) {
                throw new InvalidInputException("'isnumeric' is not supported for Chinese characters (got '" + self + "')");
            }
            return !self.isEmpty() && self.codePoints().allMatch(PythonText::isNumeric);
        });
        all.put("isascii", (run, self, arguments) -> {
            arguments.bindPositional("isascii()", 0, 0);
            return self.chars().allMatch(each -> each < 128);
        });
        all.put("isprintable", (run, self, arguments) -> {
            arguments.bindPositional("isprintable()", 0, 0);
            return self.codePoints().allMatch(PythonText::isPrintable);
        });
        all.put("islower", (run, self, arguments) -> {
            arguments.bindPositional("islower()", 0, 0);
            return isLower(self);
        });
        all.put("isupper", (run, self, arguments) -> {
            arguments.bindPositional("isupper()", 0, 0);
            return isUpper(self);
        });
        all.put("istitle", (run, self, arguments) -> {
            arguments.bindPositional("istitle()", 0, 0);
            return isTitle(self);
        });
        return Collections.unmodifiableMap(all);
    }

    private static void change(Map<String, Methods.Work<String>> all, String name, UnaryOperator<String> change) {
        all.put(name, (run, self, arguments) -> {
            arguments.bindPositional(name + "()", 0, 0);
            return change.apply(self);
        });
    }

    private static void test(Map<String, Methods.Work<String>> all, String name, IntPredicate test) {
        all.put(name, (run, self, arguments) -> {
            arguments.bindPositional(name + "()", 0, 0);
            return !self.isEmpty() && self.codePoints().allMatch(test);
        });
    }

    /** A method of text that is marked as HTML. */
    static Callable ofMarkup(String name, Callable method) {
        if (ESCAPE.contains(name)) {
            return (run, arguments) -> {
                throw new InvalidInputException("'" + name + "' of a text that is marked as HTML is not supported");
            };
        }
        return KEEP_MARK.contains(name) ? (run, arguments) -> mark(method.call(run, arguments)) : method;
    }

    private static Object mark(Object value) {
        if (value instanceof String text) {
            return new Markup(text);
        }
        if (value instanceof Tuple tuple) {
            return Tuple.ofList(new ArrayList<>(tuple.items().stream().map(TextMethods::mark).toList()));
        }
        List<Object> marked = new ArrayList<>();
        ((List<?>) value).forEach(each -> marked.add(mark(each)));
        return marked;
    }

    /** Digits of all kinds but fractions and numbers above nine. */
    private static boolean isDigit(int codePoint) {
        if (Character.getType(codePoint) == Character.DECIMAL_DIGIT_NUMBER) {
            return true;
        }
        if (Character.getType(codePoint) != Character.OTHER_NUMBER) {
            return false;
        }
        return codePoint == 0xb2 || codePoint == 0xb3 || codePoint == 0xb9 || codePoint == 0x2070
                || codePoint >= 0x2074 && codePoint <= 0x2079 || codePoint >= 0x2080 && codePoint <= 0x2089
                || codePoint >= 0x1369 && codePoint <= 0x1371 || codePoint == 0x19da
                || codePoint >= 0x2460 && codePoint <= 0x2468 || codePoint >= 0x2474 && codePoint <= 0x247c
                || codePoint >= 0x2488 && codePoint <= 0x2490 || codePoint == 0x24ea
                || codePoint >= 0x24f5 && codePoint <= 0x24fd || codePoint == 0x24ff
                || codePoint >= 0x2776 && codePoint <= 0x277e || codePoint >= 0x2780 && codePoint <= 0x2788
                || codePoint >= 0x278a && codePoint <= 0x2792 || codePoint >= 0x10a40 && codePoint <= 0x10a43
                || codePoint >= 0x10e60 && codePoint <= 0x10e68 || codePoint >= 0x11052 && codePoint <= 0x1105a
                || codePoint >= 0x1f100 && codePoint <= 0x1f10a;
    }

    static boolean isLower(String text) {
        return text.codePoints().anyMatch(Character::isLowerCase)
                && text.codePoints().noneMatch(each -> Character.isUpperCase(each) || Character.isTitleCase(each));
    }

    static boolean isUpper(String text) {
        return text.codePoints().anyMatch(Character::isUpperCase)
                && text.codePoints().noneMatch(each -> Character.isLowerCase(each) || Character.isTitleCase(each));
    }

    private static boolean isTitle(String text) {
        boolean cased = false;
        boolean inWord = false;
        for (int codePoint : text.codePoints().toArray()) {
            boolean capital = Character.isUpperCase(codePoint) || Character.isTitleCase(codePoint);
            if (capital && inWord || !capital && Character.isLowerCase(codePoint) && !inWord) {
                return false;
            }
            inWord = capital || Character.isLowerCase(codePoint);
            cased |= inWord;
        }
        return cased;
    }

    private static String strip(String self, Arguments arguments, boolean left, boolean right) {
        Arguments.Bound given = arguments.bindPositional("strip()", 0, 1);
        return strip(self, given.get(0, null) == null ? null : given.text(0), left, right);
    }

    /** Strips characters, or space where they are null. */
    static String strip(String self, String characters, boolean left, boolean right) {
        Set<Integer> drop = new HashSet<>();
        if (characters != null) {
            characters.codePoints().forEach(drop::add);
        }
        IntPredicate dropped = characters == null ? PythonText::isSpace : drop::contains;
        String stripped = right ? PythonText.rstrip(self, dropped) : self;
        return left ? PythonText.lstrip(stripped, dropped) : stripped;
    }

    private static List<Object> split(Run run, String self, Arguments arguments) {
        Arguments.Bound given = arguments.bind("split()", 0, "sep", "maxsplit");
        int most = given.number(1, -1) < 0 ? Integer.MAX_VALUE : given.number(1, -1);
        List<Object> pieces = new ArrayList<>();
        if (given.get(0, null) == null) {
            for (int at = afterSpace(self, 0); at < self.length();) {
                if (pieces.size() == most) {
                    pieces.add(self.substring(at));
                    break;
                }
                int end = at;
                while (end < self.length() && !PythonText.isSpace(self.charAt(end))) {
                    end++;
                }
                add(run, pieces, self.substring(at, end));
                at = afterSpace(self, end);
            }
            return pieces;
        }
        String separator = separator(given.text(0));
        run.search(self.length(), separator.length());
        int from = 0;
        for (int at = Chars.find(self, separator, 0, self.length()); at >= 0 && pieces.size() < most;
                at = Chars.find(self, separator, from, self.length())) {
            add(run, pieces, self.substring(from, at));
            from = at + separator.length();
        }
        pieces.add(self.substring(from));
        return pieces;
    }

    private static int afterSpace(String text, int from) {
        int at = from;
        while (at < text.length() && PythonText.isSpace(text.charAt(at))) {
            at++;
        }
        return at;
    }

    private static int beforeSpace(String text, int to) {
        int at = to;
        while (at > 0 && PythonText.isSpace(text.charAt(at - 1))) {
            at--;
        }
        return at;
    }

    private static void add(Run run, List<Object> pieces, String piece) {
        run.spend(1);
        run.checkItems(pieces.size() + 1L);
        pieces.add(piece);
    }

    private static String separator(String text) {
        if (text.isEmpty()) {
            throw new InvalidInputException("a separator cannot be empty");
        }
        return text;
    }

    private static List<Object> splitFromRight(Run run, String self, Arguments arguments) {
        Arguments.Bound given = arguments.bind("rsplit()", 0, "sep", "maxsplit");
        int most = given.number(1, -1) < 0 ? Integer.MAX_VALUE : given.number(1, -1);
        List<Object> pieces = new ArrayList<>();
        if (given.get(0, null) == null) {
            for (int end = beforeSpace(self, self.length()); end > 0;) {
                if (pieces.size() == most) {
                    pieces.add(self.substring(0, end));
                    break;
                }
                int start = end;
                while (start > 0 && !PythonText.isSpace(self.charAt(start - 1))) {
                    start--;
                }
                add(run, pieces, self.substring(start, end));
                end = beforeSpace(self, start);
            }
        } else {
            String separator = separator(given.text(0));
            run.search(self.length(), separator.length());
            int to = self.length();
            for (int at = Chars.findLast(self, separator, 0, to); at >= 0 && pieces.size() < most;
                    at = Chars.findLast(self, separator, 0, to)) {
                add(run, pieces, self.substring(at + separator.length(), to));
                to = at;
            }
            pieces.add(self.substring(0, to));
        }
        Collections.reverse(pieces);
        return pieces;
    }

    static List<Object> lines(String self, boolean keepEnds) {
        List<Object> lines = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < self.length(); i++) {
            if ("\n\r\u000b\f\u001c\u001d\u001e\u0085\u2028\u2029".indexOf(self.charAt(i)) >= 0) {
                int end = self.startsWith("\r\n", i) ? i + 2 : i + 1;
                lines.add(self.substring(from, keepEnds ? end : i));
                from = end;
                i = end - 1;
            }
        }
        if (from < self.length()) {
            lines.add(self.substring(from));
        }
        return lines;
    }

    private static Tuple partition(Run run, String self, Arguments arguments, boolean first) {
        String separator = separator(arguments.bindPositional("partition()", 1, 1).text(0));
        run.search(self.length(), separator.length());
        int at = first ? Chars.find(self, separator, 0, self.length()) : Chars.findLast(self, separator, 0, self.length());
        if (at < 0) {
            return first ? Tuple.of(self, "", "") : Tuple.of("", "", self);
        }
        return Tuple.of(self.substring(0, at), separator, self.substring(at + separator.length()));
    }

    private static String join(Run run, String self, Arguments arguments) {
        StringBuilder joined = new StringBuilder();
        String[] separator = {""};
        Values.iterate(run, arguments.bindPositional("join()", 1, 1).get(0)).forEachRemaining(item -> {
            String piece = Values.text(Undefined.refuse(item), "join() joins texts");
            run.checkLength((long) joined.length() + separator[0].length() + piece.length());
            joined.append(separator[0]).append(piece);
            separator[0] = self;
        });
        return joined.toString();
    }

    /** Replaces the first occurrences, all of them where the count is negative. */
    static String replace(Run run, String self, String old, String replacement, int count) {
        int most = count < 0 ? Integer.MAX_VALUE : count;
        run.search(self.length(), old.length());
        StringBuilder replaced = new StringBuilder();
        int from = 0;
        if (old.isEmpty()) {
            int left = most;
            for (int at = 0; left > 0; left--) {
                replaced.append(replacement);
                run.checkLength(replaced.length());
                if (at == self.length()) {
                    break;
                }
                int end = self.offsetByCodePoints(at, 1);
                replaced.append(self, at, end);
                at = end;
                from = at;
            }
            return replaced.append(self, from, self.length()).toString();
        }
        for (int at = Chars.find(self, old, 0, self.length()); at >= 0 && most > 0; at = Chars.find(self, old, from, self.length())) {
            run.checkLength((long) replaced.length() + at - from + replacement.length());
            replaced.append(self, from, at).append(replacement);
            from = at + old.length();
            most--;
        }
        return replaced.append(self, from, self.length()).toString();
    }

    /** The bounds of a part by optional arguments, in UTF-16 units; null where it begins past the end. */
    private static int[] part(String self, Arguments.Bound given) {
        int length = Text.length(self);
        int start = place(given.get(1, null) == null ? 0 : given.number(1, 0), length);
        int end = Math.min(length, place(given.get(2, null) == null ? length : given.number(2, 0), length));
        if (start > end) {
            return null;
        }
        return new int[] {self.offsetByCodePoints(0, start), self.offsetByCodePoints(0, end)};
    }

    private static int place(int given, int length) {
        return given < 0 ? (int) Math.max(0, (long) given + length) : given;
    }

    private static boolean hasEdge(String self, Arguments arguments, String callee) {
        Arguments.Bound given = arguments.bindPositional(callee, 1, 3);
        int[] part = part(self, given);
        List<?> edges = given.get(0) instanceof Tuple tuple ? tuple.items() : List.of(given.text(0));
        for (Object edge : edges) {
            String text = Values.text(Undefined.refuse(edge), callee + " needs a text or a tuple of texts");
            if (part != null && (callee.startsWith("s") ? self.substring(part[0], part[1]).startsWith(text)
                    : self.substring(part[0], part[1]).endsWith(text))) {
                return true;
            }
        }
        return false;
    }

    private static int find(Run run, String self, Arguments arguments, String callee, boolean first) {
        Arguments.Bound given = arguments.bindPositional(callee, 1, 3);
        String sought = given.text(0);
        int[] part = part(self, given);
        run.search(self.length(), sought.length());
        int at = part == null ? -1
                : first ? Chars.find(self, sought, part[0], part[1]) : Chars.findLast(self, sought, part[0], part[1]);
        return at < 0 ? -1 : self.codePointCount(0, at);
    }

    private static BigInteger found(int place) {
        if (place < 0) {
            throw new InvalidInputException("a text that must be there was not found in another");
        }
        return BigInteger.valueOf(place);
    }

    private static BigInteger count(Run run, String self, Arguments arguments) {
        Arguments.Bound given = arguments.bindPositional("count()", 1, 3);
        String sought = given.text(0);
        int[] part = part(self, given);
        if (part == null) {
            return BigInteger.ZERO;
        }
        if (sought.isEmpty()) {
            return BigInteger.valueOf(self.codePointCount(part[0], part[1]) + 1L);
        }
        run.search(self.length(), sought.length());
        long count = 0;
        for (int at = Chars.find(self, sought, part[0], part[1]); at >= 0;
                at = Chars.find(self, sought, at + sought.length(), part[1])) {
            count++;
        }
        return BigInteger.valueOf(count);
    }

    private static String pad(Run run, String self, Arguments arguments, String callee) {
        Arguments.Bound given = arguments.bindPositional(callee, 1, 2);
        String fill = given.text(1, " ");
        if (Text.length(fill) != 1) {
            throw new InvalidInputException(callee + " fills with one character (got '" + fill + "')");
        }
        return pad(run, self, given.number(0, 0), fill, callee);
    }

    static String pad(Run run, String self, int width, String fill, String callee) {
        int missing = Math.max(0, width - Text.length(self));
        run.checkLength((long) missing + self.length());
        int left = switch (callee) {
            case "ljust()" -> 0;
            case "rjust()" -> missing;
            default -> missing / 2 + (missing & width & 1);
        };
        return fill.repeat(left) + self + fill.repeat(missing - left);
    }

    private static String expandTabs(Run run, String self, int size) {
        StringBuilder text = new StringBuilder();
        int column = 0;
        for (int codePoint : self.codePoints().toArray()) {
            if (codePoint == '\t') {
                int spaces = size > 0 ? size - column % size : 0;
                run.checkLength((long) text.length() + spaces);
                text.append(" ".repeat(spaces));
                column += spaces;
            } else {
                text.appendCodePoint(codePoint);
                column = codePoint == '\n' || codePoint == '\r' ? 0 : column + 1;
            }
        }
        return text.toString();
    }
}
