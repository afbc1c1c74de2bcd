package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The methods of Python's types. Those that Python has and this engine has not are refused by name. */
final class Methods {

    /** A method's work. */
    @FunctionalInterface
    interface Work<T> {

        Object call(Run run, T self, Arguments arguments);
    }

    private static final Set<String> OTHERS_OF_TEXT = Set.of("encode", "format_map", "isidentifier", "maketrans", "translate",
            "unescape", "striptags", "escape");
    private static final Set<String> OTHERS_OF_INTEGERS = Set.of("as_integer_ratio", "bit_count", "conjugate", "from_bytes",
            "imag", "numerator", "denominator", "real", "to_bytes");
    private static final Set<String> OTHERS_OF_FLOATS = Set.of("as_integer_ratio", "conjugate", "fromhex", "hex", "imag", "real");
    private static final Set<String> OTHERS_OF_DICTS = Set.of("fromkeys");
    private static final Set<String> OTHERS_OF_VIEWS = Set.of("isdisjoint", "mapping");
    private static final Set<String> OTHERS_OF_GENERATORS =
            Set.of("close", "gi_code", "gi_frame", "gi_running", "gi_suspended", "gi_yieldfrom", "send", "throw");

    private Methods() {}

    /** A method of a value; {@link Frame#MISSING} if Python has none of that name. */
    static Object find(Object value, String name) {
        if (value instanceof String text) {
            return find(TextMethods.ALL, OTHERS_OF_TEXT, text, value, name);
        }
        if (value instanceof Markup markup) {
            Object method = find(TextMethods.ALL, OTHERS_OF_TEXT, markup.text(), value, name);
            return method instanceof Callable callable ? TextMethods.ofMarkup(name, callable) : method;
        }
        if (value instanceof List<?>) {
            @SuppressWarnings("unchecked")
            List<Object> list = (List<Object>) value;
            return find(ListMethods.OF_LISTS, Set.of(), list, value, name);
        }
        if (value instanceof Tuple tuple) {
            return find(ListMethods.OF_TUPLES, Set.of(), tuple.items(), value, name);
        }
        if (value instanceof Dict dict) {
            return find(DictMethods.ALL, OTHERS_OF_DICTS, dict, value, name);
        }
        if (value instanceof Range range) {
            return find(ListMethods.OF_RANGES, Set.of(), range, value, name);
        }
        if (value instanceof Double number) {
            Map<String, Work<Double>> methods = Map.of("is_integer", (run, self, arguments) -> {
                arguments.bindPositional("is_integer()", 0, 0);
                return Double.isFinite(self) && self == Math.rint(self);
            });
            return find(methods, OTHERS_OF_FLOATS, number, value, name);
        }
        if (Values.isInteger(value)) {
            Map<String, Work<Object>> methods = Map.of("bit_length", (run, self, arguments) -> {
                arguments.bindPositional("bit_length()", 0, 0);
                return BigInteger.valueOf(Values.integer(self, "").abs().bitLength());
            });
            return find(methods, OTHERS_OF_INTEGERS, value, value, name);
        }
        if (value instanceof DictView) {
            return find(Map.of(), OTHERS_OF_VIEWS, value, value, name);
        }
        if (value instanceof Generator) {
            return find(Map.of(), OTHERS_OF_GENERATORS, value, value, name);
        }
        return Frame.MISSING;
    }

    private static <T> Object find(Map<String, Work<T>> methods, Set<String> others, T self, Object value, String name) {
        Work<T> work = methods.get(name);
        if (work != null) {
            return (Callable) (run, arguments) -> work.call(run, self, arguments);
        }
        if (others.contains(name)) {
            throw new InvalidInputException("'" + name + "' of a " + Values.typeName(value) + " is not supported");
        }
        return Frame.MISSING;
    }
}
