package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** The kinds of expressions. */
final class Expressions {

    private Expressions() {}

    private static void names(List<Expression> expressions, Consumer<String> used) {
        expressions.forEach(expression -> expression.names(used));
    }

    private static List<Object> evaluate(Run run, Frame frame, List<Expression> expressions) {
        List<Object> values = new ArrayList<>();
        expressions.forEach(expression -> values.add(run.evaluate(expression, frame)));
        return values;
    }

    /** A number, text, boolean or none. */
    record Constant(Object value) implements Expression {

        @Override
        public Object evaluate(Run run, Frame frame) {
            return value;
        }

        @Override
        public void names(Consumer<String> used) {
            // none
        }
    }

    record Name(String name) implements Expression {

        @Override
        public Object evaluate(Run run, Frame frame) {
            Object value = frame.get(name);
            return value == Frame.MISSING ? Undefined.field(name) : value;
        }

        @Override
        public void names(Consumer<String> used) {
            used.accept(name);
        }
    }

    /** {@code name.attribute} as the target of an assignment. */
    record NamespaceTarget(String name, String attribute) implements Expression {

        @Override
        public Object evaluate(Run run, Frame frame) {
            throw new IllegalStateException("a target has no value");
        }

        @Override
        public void names(Consumer<String> used) {
            used.accept(name);
        }
    }

    record ListOf(List<Expression> items) implements Expression {

        @Override
        public Object evaluate(Run run, Frame frame) {
            return Expressions.evaluate(run, frame, items);
        }

        @Override
        public void names(Consumer<String> used) {
            Expressions.names(items, used);
        }
    }

    record TupleOf(List<Expression> items) implements Expression {

        @Override
        public Object evaluate(Run run, Frame frame) {
            return Tuple.ofList(Expressions.evaluate(run, frame, items));
        }

        @Override
        public void names(Consumer<String> used) {
            Expressions.names(items, used);
        }
    }

    record DictOf(List<Expression> keys, List<Expression> values) implements Expression {

        @Override
        public Object evaluate(Run run, Frame frame) {
            Dict dict = new Dict();
            for (int i = 0; i < keys.size(); i++) {
                Object key = run.evaluate(keys.get(i), frame);
                dict.put(key, run.evaluate(values.get(i), frame));
            }
            return dict;
        }

        @Override
        public void names(Consumer<String> used) {
            Expressions.names(keys, used);
            Expressions.names(values, used);
        }
    }

    /** {@code of.name}. */
    record Attribute(Expression of, String name) implements Expression {

        @Override
        public Object evaluate(Run run, Frame frame) {
            return Access.attribute(run, run.evaluate(of, frame), name);
        }

        @Override
        public void names(Consumer<String> used) {
            of.names(used);
        }
    }

    /** {@code of[index]}. */
    record Item(Expression of, Expression index) implements Expression {

        @Override
        public Object evaluate(Run run, Frame frame) {
            return Access.item(run, run.evaluate(of, frame), run.evaluate(index, frame));
        }

        @Override
        public void names(Consumer<String> used) {
            of.names(used);
            index.names(used);
        }
    }

    /** {@code start:stop:step} within brackets; each may be null. */
    record SliceOf(Expression start, Expression stop, Expression step) implements Expression {

        @Override
        public Object evaluate(Run run, Frame frame) {
            return new Slice(bound(run, frame, start), bound(run, frame, stop), bound(run, frame, step));
        }

        private static BigInteger bound(Run run, Frame frame, Expression expression) {
            Object value = expression == null ? null : Undefined.refuse(run.evaluate(expression, frame));
            return value == null ? null : Values.integer(value, "the bounds of a slice must be whole numbers");
        }

        @Override
        public void names(Consumer<String> used) {
            Stream.of(start, stop, step).filter(Objects::nonNull).forEach(each -> each.names(used));
        }
    }

    /** What stands in the parentheses of a call; the last two may be null. */
    record CallArguments(List<Expression> positional, Map<String, Expression> named, Expression more, Expression moreNamed) {

        static final CallArguments NONE = new CallArguments(List.of(), Map.of(), null, null);

        Arguments evaluate(Run run, Frame frame) {
            List<Object> values = Expressions.evaluate(run, frame, positional);
            Map<String, Object> byName = new LinkedHashMap<>();
            named.forEach((name, value) -> byName.put(name, run.evaluate(value, frame)));
            if (more != null) {
                values.addAll(Values.list(run, run.evaluate(more, frame)));
            }
            if (moreNamed != null) {
                if (!(Undefined.refuse(run.evaluate(moreNamed, frame)) instanceof Dict dict)) {
                    throw new InvalidInputException("what follows ** in a call must be a dict");
                }
                for (Dict.Entry entry : dict.entries()) {
                    String name = Values.text(entry.key(), "the keys of a dict after ** must be text");
                    if (byName.containsKey(name)) {
                        throw new InvalidInputException("a call gives the argument '" + name + "' twice");
                    }
                    byName.put(name, entry.value());
                }
            }
            return new Arguments(values, byName);
        }

        void names(Consumer<String> used) {
            Expressions.names(positional, used);
            named.values().forEach(value -> value.names(used));
            Stream.of(more, moreNamed).filter(Objects::nonNull).forEach(each -> each.names(used));
        }
    }

    record Call(Expression callee, CallArguments arguments) implements Expression {

        @Override
        public Object evaluate(Run run, Frame frame) {
            return call(run, frame, Map.of());
        }

        /** Calls with further named arguments. */
        Object call(Run run, Frame frame, Map<String, Object> further) {
            Object function = Undefined.refuse(run.evaluate(callee, frame));
            Arguments given = arguments.evaluate(run, frame);
            if (!further.isEmpty()) {
                Map<String, Object> named = new LinkedHashMap<>(given.named());
                named.putAll(further);
                given = new Arguments(given.positional(), named);
            }
            if (!(function instanceof Callable callable)) {
                throw new InvalidInputException("a " + Values.typeName(function) + " cannot be called");
            }
            return callable.call(run, given);
        }

        @Override
        public void names(Consumer<String> used) {
            callee.names(used);
            arguments.names(used);
        }
    }

    /** {@code value | name(arguments)}; without a value in a filter block. */
    record Filter(Expression value, String name, CallArguments arguments) implements Expression {

        @Override
        public Object evaluate(Run run, Frame frame) {
            return apply(run, frame, run.evaluate(value, frame));
        }

        /** Applies it, and those before it, to a text that has been rendered. */
        Object filter(Run run, Frame frame, String rendered) {
            return apply(run, frame, value == null ? rendered : ((Filter) value).filter(run, frame, rendered));
        }

        private Object apply(Run run, Frame frame, Object input) {
            return run.environment().filter(name).apply(run, input, arguments.evaluate(run, frame));
        }

        @Override
        public void names(Consumer<String> used) {
            if (value != null) {
                value.names(used);
            }
            arguments.names(used);
        }
    }

    /** {@code value is name(arguments)}. */
    record Test(Expression value, String name, CallArguments arguments) implements Expression {

        @Override
        public Object evaluate(Run run, Frame frame) {
            return run.environment().test(name).apply(run, run.evaluate(value, frame), arguments.evaluate(run, frame));
        }

        @Override
        public void names(Consumer<String> used) {
            value.names(used);
            arguments.names(used);
        }
    }

    record Negation(Expression operand) implements Expression {

        @Override
        public Object evaluate(Run run, Frame frame) {
            return !Values.truth(run.evaluate(operand, frame));
        }

        @Override
        public void names(Consumer<String> used) {
            operand.names(used);
        }
    }

    /** {@code + -}. */
    record Sign(boolean negative, Expression operand) implements Expression {

        @Override
        public Object evaluate(Run run, Frame frame) {
            return Arithmetic.sign(negative, run.evaluate(operand, frame));
        }

        @Override
        public void names(Consumer<String> used) {
            operand.names(used);
        }
    }

    /** {@code + - * / // % **}. */
    record Binary(String operator, Expression left, Expression right) implements Expression {

        @Override
        public Object evaluate(Run run, Frame frame) {
            return Arithmetic.binary(run, operator, run.evaluate(left, frame), run.evaluate(right, frame));
        }

        @Override
        public void names(Consumer<String> used) {
            left.names(used);
            right.names(used);
        }
    }

    /** {@code ~}. */
    record Concatenation(List<Expression> parts) implements Expression {

        @Override
        public Object evaluate(Run run, Frame frame) {
            StringBuilder text = new StringBuilder();
            for (Object value : Expressions.evaluate(run, frame, parts)) {
                String piece = Text.str(run, value);
                run.checkLength((long) text.length() + piece.length());
                text.append(piece);
            }
            return text.toString();
        }

        @Override
        public void names(Consumer<String> used) {
            Expressions.names(parts, used);
        }
    }

    /** A chain of comparisons, each of neighbours. */
    record Comparison(Expression first, List<String> operators, List<Expression> rest) implements Expression {

        @Override
        public Object evaluate(Run run, Frame frame) {
            Object left = run.evaluate(first, frame);
            for (int i = 0; i < operators.size(); i++) {
                Object right = run.evaluate(rest.get(i), frame);
                if (!Order.compare(run, operators.get(i), left, right)) {
                    return false;
                }
                left = right;
            }
            return true;
        }

        @Override
        public void names(Consumer<String> used) {
            first.names(used);
            Expressions.names(rest, used);
        }
    }

    record And(Expression left, Expression right) implements Expression {

        @Override
        public Object evaluate(Run run, Frame frame) {
            Object value = run.evaluate(left, frame);
            return Values.truth(value) ? run.evaluate(right, frame) : value;
        }

        @Override
        public void names(Consumer<String> used) {
            left.names(used);
            right.names(used);
        }
    }

    record Or(Expression left, Expression right) implements Expression {

        @Override
        public Object evaluate(Run run, Frame frame) {
            Object value = run.evaluate(left, frame);
            return Values.truth(value) ? value : run.evaluate(right, frame);
        }

        @Override
        public void names(Consumer<String> used) {
            left.names(used);
            right.names(used);
        }
    }

    /** {@code then if test else otherwise}; the last may be null. */
    record Conditional(Expression test, Expression then, Expression otherwise) implements Expression {

        @Override
        public Object evaluate(Run run, Frame frame) {
            if (Values.truth(run.evaluate(test, frame))) {
                return run.evaluate(then, frame);
            }
            return otherwise == null ? new Undefined("an inline if has no else, and its condition does not hold", false)
                    : run.evaluate(otherwise, frame);
        }

        @Override
        public void names(Consumer<String> used) {
            test.names(used);
            then.names(used);
            if (otherwise != null) {
                otherwise.names(used);
            }
        }
    }
}
