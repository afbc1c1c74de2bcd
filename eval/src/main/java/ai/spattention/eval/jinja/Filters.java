package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.python.PythonText;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** Jinja2's filters, and {@code regex_replace}, which lm-evaluation-harness adds. */
final class Filters {

    private static final int LEEWAY = 5;
    private static final int MAX_FLOAT_DIGITS = 323;
    private static final String NO_HTML = " is not supported for text that is marked as HTML";

    private Filters() {}

    /** A filter's work, with its arguments by name. */
    @FunctionalInterface
    private interface Work {

        Object apply(Run run, Object value, Arguments.Bound given);
    }

    static Map<String, Operation> all() {
        Map<String, Operation> all = new HashMap<>();
        texts(all);
        numbers(all);
        sequences(all);
        all.put("default", filter("default", Filters::orDefault, 0, "default_value", "boolean"));
        all.put("d", all.get("default"));
        all.put("attr", filter("attr", (run, value, given) -> {
            Object attribute = Access.ofPython(Undefined.refuse(value), given.text(0));
            return attribute == Frame.MISSING ? Undefined.strict("a " + Values.typeName(value) + " has no '" + given.text(0) + "'")
                    : attribute;
        }, 1, "name"));
        all.put("tojson", filter("tojson", Filters::toJson, 0, "indent"));
        return Collections.unmodifiableMap(all);
    }

    private static Operation filter(String name, Work work, int required, String... parameters) {
        String callee = "the filter '" + name + "'";
        return (run, value, arguments) -> work.apply(run, value, arguments.bind(callee, required, parameters));
    }

    // texts

    private static void texts(Map<String, Operation> all) {
        change(all, "upper", PythonText::upper);
        change(all, "lower", PythonText::lower);
        change(all, "capitalize", PythonText::capitalize);
        all.put("title", filter("title", (run, value, given) -> title(Text.str(run, value)), 0));
        all.put("trim", filter("trim", (run, value, given) -> {
            String characters = given.get(0, null) == null ? null : given.text(0);
            return marked(value, TextMethods.strip(Text.str(run, value), characters, true, true));
        }, 0, "chars"));
        all.put("string", filter("string", (run, value, given) ->
                value instanceof Markup ? value : Text.str(run, value), 0));
        all.put("replace", filter("replace", (run, value, given) -> TextMethods.replace(run, Text.str(run, value),
                Text.str(run, given.get(0)), Text.str(run, given.get(1)),
                given.get(2, null) == null ? -1 : given.number(2, -1)), 2, "old", "new", "count"));
        all.put("regex_replace", filter("regex_replace", (run, value, given) -> PythonRegex.replace(run,
                Values.text(Undefined.refuse(value), "the filter 'regex_replace' needs a text"), given.text(0), given.text(1),
                given.number(2, 0)), 2, "pattern", "repl", "count"));
        all.put("center", filter("center", (run, value, given) -> marked(value,
                TextMethods.pad(run, Text.str(run, value), given.number(0, 80), " ", "center()")), 0, "width"));
        all.put("indent", filter("indent", Filters::indent, 0, "width", "first", "blank"));
        all.put("truncate", filter("truncate", Filters::truncate, 0, "length", "killwords", "end", "leeway"));
        all.put("wordcount", filter("wordcount", (run, value, given) -> words(Text.str(run, value)), 0));
        all.put("format", (run, value, arguments) -> {
            if (value instanceof Markup) {
                throw new InvalidInputException("the filter 'format'" + NO_HTML);
            }
            if (!arguments.positional().isEmpty() && !arguments.named().isEmpty()) {
                throw new InvalidInputException("the filter 'format' takes arguments with names or without, but not both");
            }
            Dict named = new Dict();
            arguments.named().forEach(named::put);
            return Percent.format(run, Text.str(run, value),
                    arguments.named().isEmpty() ? Tuple.ofList(arguments.positional()) : named);
        });
        all.put("escape", filter("escape", (run, value, given) ->
                value instanceof Markup ? value : Markup.escape(Text.str(run, value)), 0));
        all.put("e", all.get("escape"));
        all.put("forceescape", filter("forceescape", (run, value, given) -> Markup.escape(Text.str(run, value)), 0));
        all.put("safe", filter("safe", (run, value, given) -> new Markup(Text.str(run, value)), 0));
        all.put("striptags", filter("striptags", (run, value, given) -> stripTags(Text.str(run, value)), 0));
        all.put("urlencode", filter("urlencode", Filters::urlEncode, 0));
    }

    private static void change(Map<String, Operation> all, String name, UnaryOperator<String> change) {
        all.put(name, filter(name, (run, value, given) -> marked(value, change.apply(Text.str(run, value))), 0));
    }

    /** A text of the kind of another. */
    private static Object marked(Object value, String text) {
        return value instanceof Markup ? new Markup(text) : text;
    }

    /** A capital after space, a hyphen and an opening bracket; all else small. */
    private static String title(String text) {
        StringBuilder title = new StringBuilder();
        for (int from = 0; from < text.length();) {
            int end = from;
            while (end < text.length() && isBeforeWord(text.charAt(end)) == isBeforeWord(text.charAt(from))) {
                end++;
            }
            String piece = text.substring(from, end);
            int first = piece.offsetByCodePoints(0, 1);
            title.append(PythonText.upper(piece.substring(0, first))).append(PythonText.lower(piece.substring(first)));
            from = end;
        }
        return title.toString();
    }

    private static boolean isBeforeWord(char character) {
        return "-({[<".indexOf(character) >= 0 || PythonText.isSpace(character);
    }

    private static Object indent(Run run, Object value, Arguments.Bound given) {
        if (value instanceof Markup) {
            throw new InvalidInputException("the filter 'indent'" + NO_HTML);
        }
        String text = Values.text(Undefined.refuse(value), "the filter 'indent' needs a text");
        int spaces = given.has(0) && Values.isText(given.get(0)) ? 0 : Math.max(0, given.number(0, 4));
        run.checkLength(spaces);
        String indent = given.has(0) && Values.isText(given.get(0)) ? given.text(0) : " ".repeat(spaces);
        boolean blank = given.truth(2, false);
        List<Object> lines = TextMethods.lines(text + "\n", false);
        run.checkLength((long) lines.size() * indent.length() + text.length());
        StringBuilder out = new StringBuilder(given.truth(1, false) ? indent : "").append(lines.get(0));
        for (Object line : lines.subList(1, lines.size())) {
            out.append('\n').append(blank || !((String) line).isEmpty() ? indent : "").append(line);
        }
        return out.toString();
    }

    private static Object truncate(Run run, Object value, Arguments.Bound given) {
        String text = Values.text(Undefined.refuse(value), "the filter 'truncate' needs a text");
        int length = given.number(0, 255);
        String end = given.text(2, "...");
        int leeway = given.get(3, null) == null ? LEEWAY : given.number(3, LEEWAY);
        int kept = length - Text.length(end);
        if (kept < 0 || leeway < 0) {
            throw new InvalidInputException("the filter 'truncate' needs a length of at least " + Text.length(end)
                    + " and no leeway below 0 (got " + length + " and " + leeway + ")");
        }
        if (Text.length(text) <= (long) length + leeway) {
            return value;
        }
        if (value instanceof Markup) {
            throw new InvalidInputException("the filter 'truncate'" + NO_HTML);
        }
        String part = Text.part(text, 0, kept);
        int space = part.lastIndexOf(' ');
        return (given.truth(1, false) || space < 0 ? part : part.substring(0, space)) + end;
    }

    private static BigInteger words(String text) {
        long count = 0;
        boolean inWord = false;
        for (int codePoint : text.codePoints().toArray()) {
            boolean word = PythonText.isWord(codePoint);
            count += word && !inWord ? 1 : 0;
            inWord = word;
        }
        return BigInteger.valueOf(count);
    }

    private static String stripTags(String text) {
        String rest = without(without(text, "<!--", "-->"), "<", ">");
        if (rest.indexOf('&') >= 0) {
            throw new InvalidInputException("the filter 'striptags' is not supported for text with character references (&)");
        }
        StringBuilder out = new StringBuilder();
        for (String word : rest.codePoints().mapToObj(each -> PythonText.isSpace(each) ? " " : Character.toString(each))
                .collect(Collectors.joining()).split(" ")) {
            out.append(word.isEmpty() || out.length() == 0 ? "" : " ").append(word);
        }
        return out.toString();
    }

    private static String without(String text, String open, String close) {
        StringBuilder out = new StringBuilder();
        int from = 0;
        for (int start = text.indexOf(open); start >= 0; start = text.indexOf(open, from)) {
            int end = text.indexOf(close, start);
            if (end < 0) {
                break;
            }
            out.append(text, from, start);
            from = end + close.length();
        }
        return out.append(text, from, text.length()).toString();
    }

    private static Object urlEncode(Run run, Object value, Arguments.Bound given) {
        if (Values.isText(value) || !Values.isIterable(Undefined.refuse(value))) {
            return quote(Text.str(run, value), "/");
        }
        List<String> pairs = new ArrayList<>();
        Values.iterate(run, value instanceof Dict dict ? new DictView(dict, DictView.Part.ITEMS) : value).forEachRemaining(item -> {
            List<Object> pair = Values.list(run, item);
            if (pair.size() != 2) {
                throw new InvalidInputException("the filter 'urlencode' needs pairs (got " + pair.size() + " values)");
            }
            pairs.add(quote(Text.str(run, pair.get(0)), "").replace("%20", "+") + "="
                    + quote(Text.str(run, pair.get(1)), "").replace("%20", "+"));
        });
        return String.join("&", pairs);
    }

    private static String quote(String text, String safe) {
        ByteBuffer bytes;
        try {
            bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
        } catch (CharacterCodingException e) {
            throw new InvalidInputException("the filter 'urlencode' needs text that UTF-8 can write", e);
        }
        StringBuilder out = new StringBuilder();
        while (bytes.hasRemaining()) {
            int next = bytes.get() & 0xff;
            boolean letter = next >= 'a' && next <= 'z' || next >= 'A' && next <= 'Z' || next >= '0' && next <= '9';
            if (letter || ("_.-~" + safe).indexOf(next) >= 0) {
                out.append((char) next);
            } else {
                out.append('%').append(Character.toUpperCase(Character.forDigit(next >> 4, 16)))
                        .append(Character.toUpperCase(Character.forDigit(next & 15, 16)));
            }
        }
        return out.toString();
    }

    // numbers

    private static void numbers(Map<String, Operation> all) {
        all.put("abs", filter("abs", (run, value, given) -> {
            if (value instanceof Double number) {
                return Math.abs(number);
            }
            return Values.integer(Undefined.refuse(value), "the filter 'abs' needs a number").abs();
        }, 0));
        all.put("int", filter("int", (run, value, given) -> {
            BigInteger number = toInteger(Undefined.refuseAny(value), given.number(1, 10));
            return number == null ? given.get(0, BigInteger.ZERO) : number;
        }, 0, "default", "base"));
        all.put("float", filter("float", (run, value, given) -> {
            Double number = toFloat(Undefined.refuseAny(value));
            return number == null ? given.get(0, 0.0) : number;
        }, 0, "default"));
        all.put("round", filter("round", Filters::round, 0, "precision", "method"));
        all.put("filesizeformat", filter("filesizeformat", (run, value, given) ->
                fileSize(toFloat(Undefined.refuseAny(value)), given.truth(0, false)), 0, "binary"));
    }

    private static BigInteger toInteger(Object value, int base) {
        if (Values.isInteger(value)) {
            return Values.integer(value, "");
        }
        Double real = value instanceof Double number ? number : null;
        if (Values.isText(value)) {
            BigInteger number = Numbers.parseInteger(Values.text(value, ""), base);
            if (number != null) {
                return number;
            }
            real = Numbers.parseFloat(Values.text(value, ""));
            if (real == null || real.isInfinite()) {
                return null;
            }
        }
        return real == null || real.isNaN() ? null : Numbers.truncate(real);
    }

    private static Double toFloat(Object value) {
        return Values.isNumber(value) ? (Double) Arithmetic.number(value)
                : Values.isText(value) ? Numbers.parseFloat(Values.text(value, "")) : null;
    }

    private static Object round(Run run, Object value, Arguments.Bound given) {
        String method = given.text(1, "common");
        if (!Values.isNumber(Undefined.refuse(value))) {
            throw new InvalidInputException("the filter 'round' needs a number (got a " + Values.typeName(value) + ")");
        }
        if (method.equals("common")) {
            boolean whole = given.has(0) && given.get(0) == null;
            Object rounded = roundHalfEven(value, whole ? 0 : given.number(0, 0));
            return whole && rounded instanceof Double number ? Numbers.truncate(number) : rounded;
        }
        if (!method.equals("ceil") && !method.equals("floor")) {
            throw new InvalidInputException("the method of the filter 'round' must be common, ceil or floor (got '" + method + "')");
        }
        Object scale = Arithmetic.binary(run, "**", BigInteger.TEN, given.get(0, BigInteger.ZERO));
        Object scaled = Arithmetic.binary(run, "*", value, scale);
        if (scaled instanceof Double number) {
            Numbers.truncate(number); // refuses what is not finite
            scaled = new BigDecimal(method.equals("ceil") ? Math.ceil(number) : Math.floor(number)).toBigIntegerExact();
        }
        return Arithmetic.binary(run, "/", scaled, scale);
    }

    private static Object roundHalfEven(Object value, int digits) {
        if (value instanceof Double number) {
            if (!Double.isFinite(number) || digits > MAX_FLOAT_DIGITS) {
                return number;
            }
            if (digits < -MAX_FLOAT_DIGITS) {
                return number * 0.0;
            }
            double rounded = new BigDecimal(number).setScale(digits, RoundingMode.HALF_EVEN).doubleValue();
            if (Double.isInfinite(rounded)) {
                throw new InvalidInputException("a rounded number is too large for a float");
            }
            return Math.copySign(rounded, number);
        }
        BigInteger whole = Values.integer(value, "");
        if (digits >= 0) {
            return whole;
        }
        return digits < -MAX_FLOAT_DIGITS * 100 ? BigInteger.ZERO
                : new BigDecimal(whole).setScale(digits, RoundingMode.HALF_EVEN).toBigIntegerExact();
    }

    private static String fileSize(Double bytes, boolean binary) {
        if (bytes == null) {
            throw new InvalidInputException("the filter 'filesizeformat' needs a number");
        }
        if (bytes == 1) {
            return "1 Byte";
        }
        int base = binary ? 1024 : 1000;
        if (bytes < base) {
            return Numbers.truncate(bytes) + " Bytes";
        }
        String prefixes = "kMGTPEZY";
        double unit = 0;
        int place = 0;
        for (; place < prefixes.length(); place++) {
            unit = BigInteger.valueOf(base).pow(place + 2).doubleValue();
            if (bytes < unit) {
                break;
            }
        }
        char prefix = prefixes.charAt(Math.min(place, prefixes.length() - 1));
        double size = base * bytes / unit;
        return Numbers.format(size, 'f', 1, false) + " " + (binary ? Character.toUpperCase(prefix) + "iB" : prefix + "B");
    }

    // sequences

    private static void sequences(Map<String, Operation> all) {
        all.put("length", filter("length", (run, value, given) -> Values.length(value), 0));
        all.put("count", all.get("length"));
        all.put("list", filter("list", (run, value, given) -> Values.list(run, value), 0));
        all.put("first", filter("first", (run, value, given) -> {
            Iterator<Object> items = Values.iterate(run, value);
            return items.hasNext() ? items.next() : Undefined.strict("an empty sequence has no first item");
        }, 0));
        all.put("last", filter("last", (run, value, given) -> {
            Iterator<Object> items = reversed(run, value);
            return items.hasNext() ? items.next() : Undefined.strict("an empty sequence has no last item");
        }, 0));
        all.put("reverse", filter("reverse", (run, value, given) -> {
            if (Values.isText(value)) {
                return Access.item(run, value, new Slice(null, null, BigInteger.ONE.negate()));
            }
            if (value instanceof Generator) {
                List<Object> items = Values.list(run, value);
                Collections.reverse(items);
                return items;
            }
            return new Generator(run, reversed(run, value));
        }, 0));
        all.put("join", filter("join", Filters::join, 0, "d", "attribute"));
        all.put("sort", filter("sort", (run, value, given) -> Sequences.sorted(run, Values.list(run, value),
                Sequences.attributes(run, given.get(2, null), !given.truth(1, false)), given.truth(0, false)),
                0, "reverse", "case_sensitive", "attribute"));
        all.put("unique", filter("unique", (run, value, given) -> unique(run, value,
                Sequences.attribute(run, given.get(1, null), null, !given.truth(0, false))), 0, "case_sensitive", "attribute"));
        all.put("min", filter("min", (run, value, given) -> extreme(run, value, "<", given), 0, "case_sensitive", "attribute"));
        all.put("max", filter("max", (run, value, given) -> extreme(run, value, ">", given), 0, "case_sensitive", "attribute"));
        all.put("sum", filter("sum", Filters::sum, 0, "attribute", "start"));
        all.put("items", filter("items", (run, value, given) -> new Generator(run, Iterators.lazy(() -> {
            if (value instanceof Undefined) {
                return Collections.emptyIterator();
            }
            if (value instanceof Dict dict) {
                return Values.iterate(run, new DictView(dict, DictView.Part.ITEMS));
            }
            throw new InvalidInputException("the filter 'items' needs a dict (got a " + Values.typeName(value) + ")");
        })), 0));
        all.put("dictsort", filter("dictsort", Filters::dictSort, 0, "case_sensitive", "by", "reverse"));
        all.put("groupby", filter("groupby", Filters::groupBy, 1, "attribute", "default", "case_sensitive"));
        all.put("batch", filter("batch", Filters::batch, 1, "linecount", "fill_with"));
        all.put("slice", filter("slice", Filters::slice, 1, "slices", "fill_with"));
        all.put("map", (run, value, arguments) -> new Generator(run, Iterators.lazy(() -> Values.truth(value)
                ? Iterators.map(Values.iterate(run, value), mapping(run, arguments)) : Collections.emptyIterator())));
        select(all, "select", false, true);
        select(all, "reject", false, false);
        select(all, "selectattr", true, true);
        select(all, "rejectattr", true, false);
    }

    /** Python's {@code reversed}. */
    private static Iterator<Object> reversed(Run run, Object value) {
        if (value instanceof Generator || value instanceof Loop) {
            throw new InvalidInputException("a generator has no end to begin at: add '| list'");
        }
        if (value instanceof Range range) {
            return Values.iterate(run, new Range(range.at(range.length().subtract(BigInteger.ONE)),
                    range.start().subtract(range.step()), range.step().negate()));
        }
        List<Object> items = Values.list(run, value);
        Collections.reverse(items);
        return Values.iterate(run, items);
    }

    private static Object join(Run run, Object value, Arguments.Bound given) {
        Function<Object, Object> attribute = Sequences.attribute(run, given.get(1, null), null, false);
        String separator = Text.str(run, given.get(0, ""));
        StringBuilder joined = new StringBuilder();
        Iterator<Object> items = Values.iterate(run, value);
        for (boolean first = true; items.hasNext(); first = false) {
            String piece = Text.str(run, attribute.apply(items.next()));
            run.checkLength((long) joined.length() + separator.length() + piece.length());
            joined.append(first ? "" : separator).append(piece);
        }
        return joined.toString();
    }

    private static Object unique(Run run, Object value, Function<Object, Object> key) {
        return new Generator(run, Iterators.lazy(() -> {
            Set<Object> seen = new HashSet<>();
            return Iterators.filter(Values.iterate(run, value), item -> seen.add(Dict.hashable(key.apply(item))));
        }));
    }

    private static Object extreme(Run run, Object value, String operator, Arguments.Bound given) {
        Function<Object, Object> key = Sequences.attribute(run, given.get(1, null), null, !given.truth(0, false));
        Iterator<Object> items = Values.iterate(run, value);
        if (!items.hasNext()) {
            return Undefined.strict("an empty sequence has no least and no greatest item");
        }
        Object best = items.next();
        Object bestKey = key.apply(best);
        while (items.hasNext()) {
            Object item = items.next();
            Object itemKey = key.apply(item);
            if (Order.compare(run, operator, itemKey, bestKey)) {
                best = item;
                bestKey = itemKey;
            }
        }
        return best;
    }

    private static Object sum(Run run, Object value, Arguments.Bound given) {
        Function<Object, Object> attribute = Sequences.attribute(run, given.get(0, null), null, false);
        Object sum = given.get(1, BigInteger.ZERO);
        if (Values.isText(sum)) {
            throw new InvalidInputException("the filter 'sum' cannot sum texts: use 'join'");
        }
        Iterator<Object> items = Values.iterate(run, value);
        while (items.hasNext()) {
            sum = Arithmetic.binary(run, "+", sum, attribute.apply(items.next()));
        }
        return sum;
    }

    private static Object dictSort(Run run, Object value, Arguments.Bound given) {
        String by = given.text(1, "key");
        if (!by.equals("key") && !by.equals("value")) {
            throw new InvalidInputException("the filter 'dictsort' sorts by 'key' or 'value' (got '" + by + "')");
        }
        if (!(Undefined.refuse(value) instanceof Dict dict)) {
            throw new InvalidInputException("the filter 'dictsort' needs a dict (got a " + Values.typeName(value) + ")");
        }
        int place = by.equals("key") ? 0 : 1;
        boolean caseSensitive = given.truth(0, false);
        return Sequences.sorted(run, Values.list(run, new DictView(dict, DictView.Part.ITEMS)), item -> {
            Object key = ((Tuple) item).items().get(place);
            return caseSensitive ? key : Sequences.ignoreCase(key);
        }, given.truth(2, false));
    }

    private static Object groupBy(Run run, Object value, Arguments.Bound given) {
        boolean caseSensitive = given.truth(2, false);
        Function<Object, Object> key = Sequences.attribute(run, given.get(0), given.get(1, null), !caseSensitive);
        Function<Object, Object> shown = Sequences.attribute(run, given.get(0), given.get(1, null), false);
        List<Object> groups = new ArrayList<>();
        List<Object> group = null;
        Object last = null;
        for (Object item : Sequences.sorted(run, Values.list(run, value), key, false)) {
            Object itemKey = key.apply(item);
            if (group == null || last != itemKey && !Order.equal(run, last, itemKey)) {
                group = new ArrayList<>();
                groups.add(new Tuple(Arrays.asList(shown.apply(item), group), List.of("grouper", "list")));
                last = itemKey;
            }
            group.add(item);
        }
        return groups;
    }

    private static Object batch(Run run, Object value, Arguments.Bound given) {
        return new Generator(run, Iterators.lazy(() -> {
            Iterator<Object> items = Values.iterate(run, value);
            BigInteger size = given.integer(0);
            if (size.signum() == 0) {
                throw new InvalidInputException("the filter 'batch' needs a size other than 0");
            }
            return new Iterator<>() {
                @Override
                public boolean hasNext() {
                    return items.hasNext();
                }

                @Override
                public Object next() {
                    List<Object> batch = new ArrayList<>();
                    batch.add(items.next());
                    while (items.hasNext() && !BigInteger.valueOf(batch.size()).equals(size)) {
                        batch.add(items.next());
                    }
                    fill(run, batch, given, Values.clamp(size));
                    return batch;
                }
            };
        }));
    }

    private static void fill(Run run, List<Object> items, Arguments.Bound given, int size) {
        if (given.get(1, null) != null) {
            run.checkItems(size);
            run.spend(Math.max(0, size - items.size()));
            while (items.size() < size) {
                items.add(given.get(1));
            }
        }
    }

    private static Object slice(Run run, Object value, Arguments.Bound given) {
        return new Generator(run, Iterators.lazy(() -> {
            List<Object> items = Values.list(run, value);
            int slices = given.number(0, 0);
            if (slices == 0) {
                throw new InvalidInputException("the filter 'slice' needs a number of slices other than 0");
            }
            run.checkItems(Math.max(0, slices));
            List<Object> all = new ArrayList<>();
            int each = Math.floorDiv(items.size(), slices);
            int longer = Math.floorMod(items.size(), slices);
            int from = 0;
            for (int i = 0; i < slices; i++) {
                run.spend(1);
                int to = from + each + (i < longer ? 1 : 0);
                List<Object> part = new ArrayList<>(items.subList(from, to));
                if (given.get(1, null) != null && i >= longer) {
                    part.add(given.get(1));
                }
                all.add(part);
                from = to;
            }
            return Values.iterate(run, all);
        }));
    }

    private static Arguments without(Arguments arguments, int count) {
        return new Arguments(arguments.positional().subList(count, arguments.positional().size()), arguments.named());
    }

    private static Function<Object, Object> mapping(Run run, Arguments arguments) {
        if (arguments.positional().isEmpty() && arguments.named().containsKey("attribute")) {
            Map<String, Object> named = new LinkedHashMap<>(arguments.named());
            Object attribute = named.remove("attribute");
            Object otherwise = named.remove("default");
            if (!named.isEmpty()) {
                throw new InvalidInputException("the filter 'map' takes no argument '" + named.keySet().iterator().next() + "'");
            }
            return Sequences.attribute(run, attribute, otherwise, false);
        }
        if (arguments.positional().isEmpty()) {
            throw new InvalidInputException("the filter 'map' needs the name of a filter, or attribute=");
        }
        Operation filter = run.environment().filter(
                Values.text(arguments.positional().get(0), "the filter 'map' needs the name of a filter"));
        Arguments rest = without(arguments, 1);
        return item -> filter.apply(run, item, rest);
    }

    private static void select(Map<String, Operation> all, String name, boolean byAttribute, boolean wanted) {
        all.put(name, (run, value, arguments) -> new Generator(run, Iterators.lazy(() -> {
            if (!Values.truth(value)) {
                return Collections.emptyIterator();
            }
            int first = byAttribute ? 1 : 0;
            if (arguments.positional().size() < first) {
                throw new InvalidInputException("the filter '" + name + "' needs the name of an attribute");
            }
            Function<Object, Object> attribute = Sequences.attribute(run,
                    byAttribute ? arguments.positional().get(0) : null, null, false);
            Predicate<Object> test = arguments.positional().size() == first ? Values::truth : test(run, arguments, first, name);
            return Iterators.filter(Values.iterate(run, value), item -> test.test(attribute.apply(item)) == wanted);
        })));
    }

    private static Predicate<Object> test(Run run, Arguments arguments, int place, String name) {
        Operation test = run.environment().test(
                Values.text(arguments.positional().get(place), "the filter '" + name + "' needs the name of a test"));
        Arguments rest = without(arguments, place + 1);
        return item -> Values.truth(test.apply(run, item, rest));
    }

    // others

    private static Object orDefault(Run run, Object value, Arguments.Bound given) {
        boolean missing = value instanceof Undefined || given.truth(1, false) && !Values.truth(value);
        return missing ? given.get(0, "") : value;
    }

    private static Object toJson(Run run, Object value, Arguments.Bound given) {
        String indent = null;
        if (given.get(0, null) != null) {
            int spaces = Values.isText(given.get(0)) ? 0 : Math.max(0, given.number(0, 0));
            run.checkLength(spaces);
            indent = Values.isText(given.get(0)) ? given.text(0) : " ".repeat(spaces);
        }
        return new Markup(Json.of(run, value, indent).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
                .replace("'", "\\u0027"));
    }
}
