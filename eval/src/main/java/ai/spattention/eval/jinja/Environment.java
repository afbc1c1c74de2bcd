package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * What templates can use: Jinja2's filters, tests and functions, and filters and functions of the owner. Immutable once it is
 * built, and safe for many threads.
 */
public final class Environment {

    /** What Jinja2 has and this engine has not; asked for, it is refused by name. */
    private static final List<String> UNSUPPORTED_FILTERS = List.of("pprint", "random", "urlize", "wordwrap", "xmlattr");

    private final Map<String, Operation> filters;
    private final Map<String, Callable> globals;

    private Environment(Map<String, Operation> filters, Map<String, Callable> globals) {
        this.filters = filters;
        this.globals = globals;
    }

    /**
     * Starts with Jinja2's own.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** Adds filters and functions. */
    public static final class Builder {

        private final Map<String, Operation> filters = new HashMap<>(Filters.all());
        private final Map<String, Callable> globals = new HashMap<>(Globals.all());

        private Builder() {}

        /**
         * Adds a filter that changes text. What is no text is taken as it prints.
         *
         * @param name its name, which must not be one of Jinja2's
         * @param change what it does
         * @return this
         */
        public Builder addFilter(String name, Function<String, String> change) {
            return add(name, (run, value, arguments) -> {
                arguments.bindPositional("the filter '" + name + "'", 0, 0);
                return change.apply(Text.str(run, value));
            });
        }

        /** A change of a text by another. */
        @FunctionalInterface
        public interface Change {

            /**
             * Changes a text.
             *
             * @param text the text
             * @param argument what stands in the filter's parentheses
             * @return the changed text
             */
            String apply(String text, String argument);
        }

        /**
         * Adds a filter that changes text and takes another text.
         *
         * @param name its name, which must not be one of Jinja2's
         * @param change what it does
         * @return this
         */
        public Builder addFilter(String name, Change change) {
            return add(name, (run, value, arguments) ->
                    change.apply(Text.str(run, value), arguments.bindPositional("the filter '" + name + "'", 1, 1).text(0)));
        }

        private Builder add(String name, Operation filter) {
            if (filters.putIfAbsent(name, filter) != null || UNSUPPORTED_FILTERS.contains(name)) {
                throw new IllegalArgumentException("Jinja2 has a filter '" + name + "' of its own");
            }
            return this;
        }

        /**
         * Adds a function of fields' names that gives the value of the first field that is there and not none.
         *
         * @param name its name
         * @return this
         */
        public Builder addFirstField(String name) {
            globals.put(name, (run, arguments) -> Globals.firstField(run, name, arguments));
            return this;
        }

        /**
         * Ends.
         *
         * @return the environment
         */
        public Environment build() {
            return new Environment(Map.copyOf(filters), Map.copyOf(globals));
        }
    }

    /**
     * Reads a template.
     *
     * @param source its text
     * @return the template
     * @throws InvalidInputException if its syntax is wrong, or it uses what is not supported
     */
    public JinjaTemplate compile(String source) {
        try {
            List<Statement> statements = Parser.parse(this, source);
            statements.forEach(statement -> statement.names(name -> {
                if (name.equals("self")) {
                    throw new InvalidInputException("the name 'self' is not supported: in Jinja2 it stands for the template");
                }
            }));
            Symbols symbols = Symbols.within(null);
            symbols.declare(statements);
            statements.forEach(statement -> statement.resolve(symbols));
            return new JinjaTemplate(this, statements, symbols);
        } catch (StackOverflowError e) {
            throw new InvalidInputException("it nests too deep", e);
        }
    }

    Callable global(String name) {
        return globals.get(name);
    }

    /** Why a filter cannot be used. */
    Optional<String> checkFilter(String name) {
        return filters.containsKey(name) ? Optional.empty() : Optional.of(UNSUPPORTED_FILTERS.contains(name)
                ? "the filter '" + name + "' is not supported" : "there is no filter '" + name + "'");
    }

    /** Why a test cannot be used. */
    Optional<String> checkTest(String name) {
        return Tests.all().containsKey(name) ? Optional.empty() : Optional.of("there is no test '" + name + "'");
    }

    Operation filter(String name) {
        checkFilter(name).ifPresent(problem -> {
            throw new InvalidInputException(problem);
        });
        return filters.get(name);
    }

    Operation test(String name) {
        checkTest(name).ifPresent(problem -> {
            throw new InvalidInputException(problem);
        });
        return Tests.all().get(name);
    }
}
