package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The functions that every template has. */
final class Globals {

    private Globals() {}

    static Map<String, Callable> all() {
        return Map.of("range", Globals::range, "dict", Globals::dict, "namespace", (run, arguments) ->
                        new Namespace((Dict) dict(run, arguments)),
                "cycler", Globals::cycler, "joiner", Globals::joiner, "lipsum", (run, arguments) -> {
                    throw new InvalidInputException("'lipsum' is not supported: its text is random");
                });
    }

    private static Object range(Run run, Arguments arguments) {
        Arguments.Bound given = arguments.bindPositional("range()", 1, 3);
        BigInteger start = given.has(1) ? given.integer(0) : BigInteger.ZERO;
        BigInteger stop = given.has(1) ? given.integer(1) : given.integer(0);
        BigInteger step = given.has(2) ? given.integer(2) : BigInteger.ONE;
        if (step.signum() == 0) {
            throw new InvalidInputException("the step of range() cannot be 0");
        }
        return new Range(start, stop, step);
    }

    private static Object dict(Run run, Arguments arguments) {
        Dict dict = new Dict();
        DictMethods.update(run, dict, "dict()", arguments);
        return dict;
    }

    private static Object joiner(Run run, Arguments arguments) {
        Object separator = arguments.bind("joiner()", 0, "sep").get(0, ", ");
        boolean[] used = new boolean[1];
        return (Callable) (each, none) -> {
            none.bindPositional("a joiner", 0, 0);
            Object result = used[0] ? separator : "";
            used[0] = true;
            return result;
        };
    }

    private static Object cycler(Run run, Arguments arguments) {
        if (arguments.positional().isEmpty() || !arguments.named().isEmpty()) {
            throw new InvalidInputException("cycler() needs at least one value, without names");
        }
        return new Cycler(arguments.positional());
    }

    /** Gives its values one after another, and starts again. */
    static final class Cycler {

        private final List<Object> items;
        private int at;

        private Cycler(List<Object> items) {
            this.items = items;
        }

        /** An attribute; {@link Frame#MISSING} if it has none of that name. */
        Object attribute(String name) {
            return switch (name) {
                case "items" -> Tuple.ofList(items);
                case "pos" -> BigInteger.valueOf(at);
                case "current" -> items.get(at);
                case "next" -> (Callable) (run, arguments) -> {
                    arguments.bindPositional("next()", 0, 0);
                    Object item = items.get(at);
                    at = (at + 1) % items.size();
                    return item;
                };
                case "reset" -> (Callable) (run, arguments) -> {
                    arguments.bindPositional("reset()", 0, 0);
                    at = 0;
                    return null;
                };
                default -> Frame.MISSING;
            };
        }
    }

    /** The value of the first of the fields that is there and not none. */
    static Object firstField(Run run, String function, Arguments arguments) {
        List<String> names = arguments.positional().stream()
                .map(name -> Values.text(name, function + "() needs names of fields")).toList();
        return names.stream().map(run::resolve).filter(value -> value != null && value != Frame.MISSING
                && !(value instanceof Callable)).findFirst().orElseThrow(() -> new InvalidInputException("there is no field "
                        + names.stream().map(name -> "'" + name + "'").collect(Collectors.joining(" or "))));
    }
}
