package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** The kinds of statements. */
final class Statements {

    private Statements() {}

    static void run(Run run, Frame frame, Output out, List<Statement> statements) {
        run.enter();
        try {
            for (Statement statement : statements) {
                statement.run(run, frame, out);
            }
        } finally {
            run.leave();
        }
    }

    private static String rendered(Run run, Frame frame, List<Statement> statements) {
        Output out = new Output(run);
        run(run, frame, out, statements);
        return out.toString();
    }

    private static void names(List<Statement> statements, Consumer<String> used) {
        statements.forEach(statement -> statement.names(used));
    }

    private static void resolve(List<Statement> statements, Symbols symbols) {
        statements.forEach(statement -> statement.resolve(symbols));
    }

    /** Text between tags. */
    record Data(String text) implements Statement {

        @Override
        public void declare(Symbols symbols) {
            // no names
        }

        @Override
        public void resolve(Symbols symbols) {
            // no scopes
        }

        @Override
        public void names(Consumer<String> used) {
            // none
        }

        @Override
        public void run(Run run, Frame frame, Output out) {
            out.write(text);
        }
    }

    record Print(Expression value) implements Statement {

        @Override
        public void declare(Symbols symbols) {
            symbols.load(value);
        }

        @Override
        public void resolve(Symbols symbols) {
            // no scopes
        }

        @Override
        public void names(Consumer<String> used) {
            value.names(used);
        }

        @Override
        public void run(Run run, Frame frame, Output out) {
            out.write(Text.str(run, run.evaluate(value, frame)));
        }
    }

    /** The targets of an assignment: a name, a namespace's attribute, or a tuple of them. */
    private static void store(Symbols symbols, Expression target) {
        if (target instanceof Expressions.Name name) {
            symbols.store(name.name());
        } else if (target instanceof Expressions.TupleOf tuple) {
            tuple.items().forEach(each -> store(symbols, each));
        } else {
            symbols.load(target);
        }
    }

    private static void parameters(Symbols symbols, Expression target) {
        if (target instanceof Expressions.Name name) {
            symbols.parameter(name.name());
        } else {
            ((Expressions.TupleOf) target).items().forEach(each -> parameters(symbols, each));
        }
    }

    private static void assign(Run run, Frame frame, Expression target, Object value) {
        if (target instanceof Expressions.Name name) {
            frame.set(run, name.name(), value);
        } else if (target instanceof Expressions.NamespaceTarget attribute) {
            namespace(frame, attribute).attributes().put(attribute.attribute(), value);
        } else {
            List<Expression> targets = ((Expressions.TupleOf) target).items();
            List<Object> values = Values.list(run, value);
            if (values.size() != targets.size()) {
                throw new InvalidInputException(values.size() + " values cannot be assigned to " + targets.size() + " names");
            }
            for (int i = 0; i < targets.size(); i++) {
                assign(run, frame, targets.get(i), values.get(i));
            }
        }
    }

    private static Namespace namespace(Frame frame, Expressions.NamespaceTarget target) {
        if (frame.get(target.name()) instanceof Namespace namespace) {
            return namespace;
        }
        throw new InvalidInputException("only a namespace's attributes can be set: '" + target.name() + "' is none");
    }

    private static void checkNamespaces(Frame frame, Expression target) {
        if (target instanceof Expressions.NamespaceTarget attribute) {
            namespace(frame, attribute);
        } else if (target instanceof Expressions.TupleOf tuple) {
            tuple.items().forEach(each -> checkNamespaces(frame, each));
        }
    }

    /** {@code set target = value}. */
    record Set(Expression target, Expression value) implements Statement {

        @Override
        public void declare(Symbols symbols) {
            symbols.load(value);
            store(symbols, target);
        }

        @Override
        public void resolve(Symbols symbols) {
            // no scopes
        }

        @Override
        public void names(Consumer<String> used) {
            value.names(used);
        }

        @Override
        public void run(Run run, Frame frame, Output out) {
            checkNamespaces(frame, target);
            assign(run, frame, target, run.evaluate(value, frame));
        }
    }

    /** {@code set target | filter}, with the value as its body. The filter may be null. */
    static final class SetBlock implements Statement {

        private final Expression target;
        private final Expressions.Filter filter;
        private final List<Statement> body;
        private Symbols inner;

        SetBlock(Expression target, Expressions.Filter filter, List<Statement> body) {
            this.target = target;
            this.filter = filter;
            this.body = body;
        }

        @Override
        public void declare(Symbols symbols) {
            store(symbols, target);
        }

        @Override
        public void resolve(Symbols symbols) {
            inner = Symbols.within(symbols);
            inner.declare(body);
            inner.load(filter);
            Statements.resolve(body, inner);
        }

        @Override
        public void names(Consumer<String> used) {
            Statements.names(body, used);
            if (filter != null) {
                filter.names(used);
            }
        }

        @Override
        public void run(Run run, Frame frame, Output out) {
            Frame own = new Frame(run, inner, frame);
            String text = rendered(run, own, body);
            assign(run, frame, target, filter == null ? text : filter.filter(run, own, text));
        }
    }

    /** One {@code if} or {@code elif}. */
    record Branch(Expression test, List<Statement> body) {}

    record If(List<Branch> branches, List<Statement> otherwise) implements Statement {

        /** Jinja2 takes the elifs for one branch that holds an if each. */
        @Override
        public void declare(Symbols symbols) {
            symbols.load(branches.get(0).test());
            List<Statement> rest = new ArrayList<>();
            branches.subList(1, branches.size()).forEach(branch -> rest.add(new If(List.of(branch), List.of())));
            symbols.branches(List.of(branches.get(0).body(), rest, otherwise));
        }

        @Override
        public void resolve(Symbols symbols) {
            branches.forEach(branch -> Statements.resolve(branch.body(), symbols));
            Statements.resolve(otherwise, symbols);
        }

        @Override
        public void names(Consumer<String> used) {
            branches.forEach(branch -> {
                branch.test().names(used);
                Statements.names(branch.body(), used);
            });
            Statements.names(otherwise, used);
        }

        @Override
        public void run(Run run, Frame frame, Output out) {
            for (Branch branch : branches) {
                if (Values.truth(run.evaluate(branch.test(), frame))) {
                    Statements.run(run, frame, out, branch.body());
                    return;
                }
            }
            Statements.run(run, frame, out, otherwise);
        }
    }

    /** {@code for target in items if test recursive}; the test may be null. */
    static final class For implements Statement {

        private final Expression target;
        private final Expression items;
        private final Expression test;
        private final boolean recursive;
        private final List<Statement> body;
        private final List<Statement> otherwise;
        private Symbols inner;
        private Symbols testing;
        private Symbols without;

        For(Expression target, Expression items, Expression test, boolean recursive, List<Statement> body,
                List<Statement> otherwise) {
            this.target = target;
            this.items = items;
            this.test = test;
            this.recursive = recursive;
            this.body = body;
            this.otherwise = otherwise;
        }

        @Override
        public void declare(Symbols symbols) {
            symbols.load(items);
        }

        @Override
        public void resolve(Symbols symbols) {
            inner = Symbols.within(symbols);
            if (recursive || usesLoop()) {
                inner.parameter("loop");
            }
            parameters(inner, target);
            inner.declare(body);
            Statements.resolve(body, inner);
            testing = Symbols.within(symbols);
            parameters(testing, target);
            testing.load(test);
            without = Symbols.within(symbols);
            without.declare(otherwise);
            Statements.resolve(otherwise, without);
        }

        private boolean usesLoop() {
            boolean[] uses = new boolean[1];
            Statements.names(body, name -> uses[0] |= name.equals("loop"));
            return uses[0];
        }

        @Override
        public void names(Consumer<String> used) {
            items.names(used);
            if (test != null) {
                test.names(used);
            }
            Statements.names(body, used);
            Statements.names(otherwise, used);
        }

        @Override
        public void run(Run run, Frame frame, Output out) {
            iterate(run, frame, out, run.evaluate(items, frame), 0);
        }

        private void iterate(Run run, Frame frame, Output out, Object values, int depth) {
            Loop.Recursion recursion = recursive ? inner -> {
                run.enter();
                try {
                    Output own = new Output(run);
                    iterate(run, frame, own, inner, depth + 1);
                    return own.toString();
                } finally {
                    run.leave();
                }
            } : null;
            Object chosen = test == null ? values : new Generator(run, tested(run, frame, Values.iterate(run, values)));
            Loop loop = new Loop(run, chosen, recursion, depth);
            boolean none = true;
            while (loop.advance()) {
                none = false;
                Frame own = new Frame(run, inner, frame);
                assign(run, own, target, loop.current());
                if (inner.loads().containsKey("loop") && inner.loads().get("loop") == Symbols.Load.PARAMETER) {
                    own.set(run, "loop", loop);
                }
                Statements.run(run, own, out, body);
            }
            if (none) {
                Statements.run(run, new Frame(run, without, frame), out, otherwise);
            }
        }

        /** The items for which the test holds, each tested when it is asked for. */
        private Iterator<Object> tested(Run run, Frame frame, Iterator<Object> values) {
            return Iterators.filter(values, value -> {
                Frame own = new Frame(run, testing, frame);
                assign(run, own, target, value);
                return Values.truth(run.evaluate(test, own));
            });
        }
    }

    /** {@code with target = value, ...}. */
    static final class With implements Statement {

        private final List<Expression> targets;
        private final List<Expression> values;
        private final List<Statement> body;
        private Symbols inner;

        With(List<Expression> targets, List<Expression> values, List<Statement> body) {
            this.targets = targets;
            this.values = values;
            this.body = body;
        }

        @Override
        public void declare(Symbols symbols) {
            values.forEach(symbols::load);
        }

        @Override
        public void resolve(Symbols symbols) {
            inner = Symbols.within(symbols);
            targets.forEach(target -> parameters(inner, target));
            inner.declare(body);
            Statements.resolve(body, inner);
        }

        @Override
        public void names(Consumer<String> used) {
            values.forEach(value -> value.names(used));
            Statements.names(body, used);
        }

        @Override
        public void run(Run run, Frame frame, Output out) {
            Frame own = new Frame(run, inner, frame);
            for (int i = 0; i < targets.size(); i++) {
                assign(run, own, targets.get(i), run.evaluate(values.get(i), frame));
            }
            Statements.run(run, own, out, body);
        }
    }

    /** {@code filter name}. */
    static final class FilterBlock implements Statement {

        private final Expressions.Filter filter;
        private final List<Statement> body;
        private Symbols inner;

        FilterBlock(Expressions.Filter filter, List<Statement> body) {
            this.filter = filter;
            this.body = body;
        }

        @Override
        public void declare(Symbols symbols) {
            symbols.load(filter);
        }

        @Override
        public void resolve(Symbols symbols) {
            inner = Symbols.within(symbols);
            inner.declare(body);
            inner.load(filter);
            Statements.resolve(body, inner);
        }

        @Override
        public void names(Consumer<String> used) {
            filter.names(used);
            Statements.names(body, used);
        }

        @Override
        public void run(Run run, Frame frame, Output out) {
            Frame own = new Frame(run, inner, frame);
            out.write(Values.text(Undefined.refuse(filter.filter(run, own, rendered(run, own, body))),
                    "the tag 'filter' needs a filter that gives text"));
        }
    }

    /** The parameters and the body of a macro or a call block. The last defaults belong to the last parameters. */
    static final class Body {

        private final String name;
        private final List<String> parameters;
        private final List<Expression> defaults;
        private final List<Statement> statements;
        private Symbols inner;
        private boolean usesCaller;
        private boolean usesNamed;
        private boolean usesMore;

        Body(String name, List<String> parameters, List<Expression> defaults, List<Statement> statements) {
            this.name = name;
            this.parameters = parameters;
            this.defaults = defaults;
            this.statements = statements;
        }

        void resolve(Symbols symbols) {
            Statements.names(statements, used -> {
                usesCaller |= used.equals("caller");
                usesNamed |= used.equals("kwargs");
                usesMore |= used.equals("varargs");
            });
            usesNamed &= !parameters.contains("kwargs");
            usesMore &= !parameters.contains("varargs");
            if (usesCaller && parameters.contains("caller")
                    && parameters.indexOf("caller") < parameters.size() - defaults.size()) {
                throw new InvalidInputException("a macro that uses its parameter 'caller' must give it a default");
            }
            usesCaller &= !parameters.contains("caller");
            inner = Symbols.within(symbols);
            parameters.forEach(inner::parameter);
            declareSpecial(usesCaller, "caller");
            declareSpecial(usesNamed, "kwargs");
            declareSpecial(usesMore, "varargs");
            defaults.forEach(inner::load);
            inner.declare(statements);
            Statements.resolve(statements, inner);
        }

        private void declareSpecial(boolean uses, String special) {
            if (uses) {
                inner.parameter(special);
            }
        }

        Macro macro(Frame outer) {
            return new Macro(name, this, outer);
        }

        Object call(Run run, Frame outer, Arguments arguments) {
            run.enter();
            try {
                Frame frame = new Frame(run, inner, outer);
                bind(run, frame, arguments);
                return rendered(run, frame, statements);
            } finally {
                run.leave();
            }
        }

        private void bind(Run run, Frame frame, Arguments arguments) {
            Map<String, Object> named = new LinkedHashMap<>(arguments.named());
            List<Object> positional = arguments.positional();
            for (int i = 0; i < parameters.size(); i++) {
                if (i < positional.size()) {
                    frame.set(run, parameters.get(i), positional.get(i));
                } else if (named.containsKey(parameters.get(i))) {
                    frame.set(run, parameters.get(i), named.remove(parameters.get(i)));
                }
            }
            if (usesCaller) {
                Object caller = named.remove("caller");
                frame.set(run, "caller", caller == null ? Undefined.strict("no caller is defined") : caller);
            }
            if (usesNamed) {
                Dict rest = new Dict();
                named.forEach(rest::put);
                frame.set(run, "kwargs", rest);
            } else if (!named.isEmpty()) {
                throw new InvalidInputException(what() + " takes no argument '" + named.keySet().iterator().next() + "'");
            }
            int count = Math.min(parameters.size(), positional.size());
            if (usesMore) {
                frame.set(run, "varargs", Tuple.ofList(positional.subList(count, positional.size())));
            } else if (positional.size() > count) {
                throw new InvalidInputException(what() + " takes at most " + count + " arguments (got " + positional.size() + ")");
            }
            int firstDefault = parameters.size() - defaults.size();
            for (int i = 0; i < parameters.size(); i++) {
                if (frame.get(parameters.get(i)) == Frame.MISSING) {
                    frame.set(run, parameters.get(i), i < firstDefault
                            ? Undefined.strict(what() + " was not given its argument '" + parameters.get(i) + "'")
                            : run.evaluate(defaults.get(i - firstDefault), frame));
                }
            }
        }

        private String what() {
            return name == null ? "a call block" : "the macro '" + name + "'";
        }

        void names(Consumer<String> used) {
            defaults.forEach(each -> each.names(used));
            Statements.names(statements, used);
        }
    }

    record MacroDefinition(Body body) implements Statement {

        @Override
        public void declare(Symbols symbols) {
            symbols.store(body.name);
        }

        @Override
        public void resolve(Symbols symbols) {
            body.resolve(symbols);
        }

        @Override
        public void names(Consumer<String> used) {
            body.names(used);
        }

        @Override
        public void run(Run run, Frame frame, Output out) {
            frame.set(run, body.name, body.macro(frame));
        }
    }

    /** {@code call(parameters) macro(arguments)}. */
    record CallBlock(Body body, Expressions.Call call) implements Statement {

        @Override
        public void declare(Symbols symbols) {
            symbols.load(call);
        }

        @Override
        public void resolve(Symbols symbols) {
            body.resolve(symbols);
        }

        @Override
        public void names(Consumer<String> used) {
            body.names(used);
            call.names(used);
        }

        @Override
        public void run(Run run, Frame frame, Output out) {
            out.write(Values.text(Undefined.refuse(call.call(run, frame, Map.of("caller", body.macro(frame)))),
                    "the tag 'call' needs a macro"));
        }
    }
}
