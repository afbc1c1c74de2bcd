package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import java.math.BigInteger;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** What can follow {@code is}. */
final class Tests {

    private static final BigInteger TWO = BigInteger.TWO;
    private static final Map<String, Operation> ALL = make();

    private Tests() {}

    static Map<String, Operation> all() {
        return ALL;
    }

    private static Map<String, Operation> make() {
        Map<String, Operation> all = new HashMap<>();
        test(all, "defined", value -> !(value instanceof Undefined));
        test(all, "undefined", value -> value instanceof Undefined);
        test(all, "none", value -> value == null);
        test(all, "boolean", value -> value instanceof Boolean);
        test(all, "true", value -> value instanceof Boolean truth && truth);
        test(all, "false", value -> value instanceof Boolean truth && !truth);
        test(all, "integer", value -> value instanceof BigInteger);
        test(all, "float", value -> value instanceof Double);
        test(all, "number", Values::isNumber);
        test(all, "string", Values::isText);
        test(all, "mapping", value -> value instanceof Dict);
        test(all, "sequence", value -> Values.isText(value) || value instanceof List || value instanceof Tuple
                || value instanceof Dict || value instanceof Range
                || value instanceof Undefined undefined && !undefined.strict());
        test(all, "iterable", value -> Values.isIterable(Undefined.refuse(value)) || value instanceof Loop);
        test(all, "callable", value -> value instanceof Callable || value instanceof Undefined);
        test(all, "escaped", value -> value instanceof Markup);
        all.put("odd", (run, value, arguments) -> hasRemainder(run, value, arguments, "odd", BigInteger.ONE));
        all.put("even", (run, value, arguments) -> hasRemainder(run, value, arguments, "even", BigInteger.ZERO));
        all.put("divisibleby", (run, value, arguments) -> Order.equal(run, Arithmetic.binary(run, "%", value,
                arguments.bind("the test 'divisibleby'", 1, "num").get(0)), BigInteger.ZERO));
        all.put("lower", (run, value, arguments) -> {
            arguments.bind("the test 'lower'", 0);
            return TextMethods.isLower(Text.str(run, value));
        });
        all.put("upper", (run, value, arguments) -> {
            arguments.bind("the test 'upper'", 0);
            return TextMethods.isUpper(Text.str(run, value));
        });
        all.put("filter", (run, value, arguments) -> Values.isText(value)
                && run.environment().checkFilter(Values.text(value, "")).isEmpty());
        all.put("test", (run, value, arguments) -> Values.isText(value) && ALL.containsKey(Values.text(value, "")));
        all.put("sameas", (run, value, arguments) -> same(run, value, arguments.bind("the test 'sameas'", 1, "other").get(0)));
        all.put("in", (run, value, arguments) -> Order.contains(run, arguments.bind("the test 'in'", 1, "seq").get(0), value));
        comparison(all, "==", "eq", "equalto");
        comparison(all, "!=", "ne");
        comparison(all, ">", "gt", "greaterthan");
        comparison(all, ">=", "ge");
        comparison(all, "<", "lt", "lessthan");
        comparison(all, "<=", "le");
        return Collections.unmodifiableMap(all);
    }

    private static void test(Map<String, Operation> all, String name, Predicate<Object> holds) {
        all.put(name, (run, value, arguments) -> {
            arguments.bind("the test '" + name + "'", 0);
            return holds.test(value);
        });
    }

    private static void comparison(Map<String, Operation> all, String operator, String... names) {
        Operation compare = (run, value, arguments) -> Order.compare(run, operator, value,
                arguments.bindPositional("the test '" + operator + "'", 1, 1).get(0));
        all.put(operator, compare);
        for (String name : names) {
            all.put(name, compare);
        }
    }

    private static boolean hasRemainder(Run run, Object value, Arguments arguments, String name, BigInteger remainder) {
        arguments.bind("the test '" + name + "'", 0);
        return Order.equal(run, Arithmetic.binary(run, "%", value, TWO), remainder);
    }

    /** Identity. That of equal numbers and texts is a matter of Python's caches, so that it is refused. */
    private static boolean same(Run run, Object value, Object other) {
        boolean values = Values.isText(value) && Values.isText(other) || value instanceof Tuple && other instanceof Tuple
                || value instanceof Double && other instanceof Double || value instanceof BigInteger && other instanceof BigInteger;
        if (!values || value == other) {
            return value == other || value instanceof Boolean truth && truth.equals(other);
        }
        if (!Order.equal(run, value, other) || !Values.typeName(value).equals(Values.typeName(other))) {
            return false;
        }
        if (value instanceof BigInteger number && number.bitLength() < 8) {
            return true;
        }
        throw new InvalidInputException("the test 'sameas' is not supported for equal numbers, texts and tuples: use 'eq'");
    }
}
