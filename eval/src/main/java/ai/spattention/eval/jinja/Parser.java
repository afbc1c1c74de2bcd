package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Turns tokens into statements and expressions, by Jinja2's grammar. */
final class Parser {

    /** Python's compiler gives up at about this depth, and so does Jinja2. */
    private static final int MAX_NESTING = 200;
    private static final int MAX_TAGS_NESTING = 100;
    private static final List<String> UNSUPPORTED =
            List.of("extends", "block", "include", "import", "from", "autoescape", "do", "trans", "debug", "break", "continue");
    private static final List<String> COMPARISONS = List.of("==", "!=", ">", ">=", "<", "<=");

    private final Environment environment;
    private final List<Token> tokens;
    private final Map<Expression, Integer> heights = new IdentityHashMap<>();
    private int at;
    private int nesting;
    private int tagsNesting;
    private int loops;

    private Parser(Environment environment, List<Token> tokens) {
        this.environment = environment;
        this.tokens = tokens;
    }

    /** The statements of a template. */
    static List<Statement> parse(Environment environment, String source) {
        Parser parser = new Parser(environment, Lexer.tokens(source));
        List<Statement> statements = parser.statements(List.of());
        if (parser.current().kind() != Kind.END) {
            throw parser.unexpected("text or a tag");
        }
        return statements;
    }

    private Token current() {
        return tokens.get(Math.min(at, tokens.size() - 1));
    }

    private Token following() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    private Token next() {
        Token token = current();
        at++;
        return token;
    }

    private boolean skipName(String name) {
        boolean found = current().isName(name);
        at += found ? 1 : 0;
        return found;
    }

    private boolean skipOperator(String operator) {
        boolean found = current().isOperator(operator);
        at += found ? 1 : 0;
        return found;
    }

    private String name() {
        if (current().kind() != Kind.NAME) {
            throw unexpected("a name");
        }
        return next().text();
    }

    private void operator(String operator) {
        if (!skipOperator(operator)) {
            throw unexpected("'" + operator + "'");
        }
    }

    private void keyword(String word) {
        if (!skipName(word)) {
            throw unexpected("'" + word + "'");
        }
    }

    private void end(Kind kind) {
        if (next().kind() != kind) {
            at--;
            throw unexpected(kind == Kind.PRINT_END ? "'}}'" : "'%}'");
        }
    }

    private InvalidInputException unexpected(String expected) {
        return wrong(expected + " is expected (got " + current().shown() + ")");
    }

    private InvalidInputException wrong(String problem) {
        return new InvalidInputException("line " + current().line() + ": " + problem);
    }

    /** Counts how far an expression nests, so that nothing that walks through it runs out of stack. */
    private Expression made(Expression expression, Expression... parts) {
        return made(expression, List.of(parts));
    }

    private Expression made(Expression expression, List<Expression> parts) {
        int height = 1;
        for (Expression part : parts) {
            height = Math.max(height, 1 + heights.getOrDefault(part, 0));
        }
        if (height > MAX_NESTING) {
            throw wrong("an expression nests more than " + MAX_NESTING + " deep");
        }
        heights.put(expression, height);
        return expression;
    }

    private <T> T nested(Supplier<T> parse) {
        if (++nesting > MAX_NESTING) {
            throw wrong("an expression nests more than " + MAX_NESTING + " deep");
        }
        T result = parse.get();
        nesting--;
        return result;
    }

    // statements

    /** Statements up to a tag of one of these names, of which the tag's begin is taken. */
    private List<Statement> statements(List<String> ends) {
        if (++tagsNesting > MAX_TAGS_NESTING) {
            throw wrong("tags nest more than " + MAX_TAGS_NESTING + " deep");
        }
        List<Statement> statements = new ArrayList<>();
        while (current().kind() != Kind.END) {
            Token token = next();
            switch (token.kind()) {
                case DATA -> statements.add(new Statements.Data(token.text()));
                case PRINT_BEGIN -> {
                    statements.add(new Statements.Print(tuple(true, List.of(), false)));
                    end(Kind.PRINT_END);
                }
                default -> {
                    if (current().kind() == Kind.NAME && ends.contains(current().text())) {
                        tagsNesting--;
                        return statements;
                    }
                    statements.addAll(statement());
                    end(Kind.TAG_END);
                }
            }
        }
        if (!ends.isEmpty()) {
            throw unexpected("the tag '" + ends.get(ends.size() - 1) + "'");
        }
        return statements;
    }

    /** The rest of a tag, and the statements up to one of these tags. */
    private List<Statement> body(String... ends) {
        skipOperator(":");
        end(Kind.TAG_END);
        return statements(List.of(ends));
    }

    private List<Statement> bodyUpTo(String end) {
        List<Statement> body = body(end);
        next();
        return body;
    }

    private List<Statement> statement() {
        Token token = current();
        if (token.kind() != Kind.NAME) {
            throw unexpected("a tag's name");
        }
        at++;
        return switch (token.text()) {
            case "for" -> List.of(forLoop());
            case "if" -> List.of(ifStatement());
            case "set" -> List.of(set());
            case "with" -> List.of(with());
            case "macro" -> List.of(macro());
            case "call" -> List.of(callBlock());
            case "filter" -> List.of(filterBlock());
            case "print" -> print();
            default -> throw UNSUPPORTED.contains(token.text())
                    ? wrong("the tag '" + token.text() + "' is not supported: for, if, set, with, macro, call, filter, print and"
                            + " raw are")
                    : wrong("there is no tag '" + token.text() + "'");
        };
    }

    private Statement forLoop() {
        loops++;
        Expression target = target(List.of("in"), false);
        checkLoopTarget(target);
        keyword("in");
        Expression items = tuple(false, List.of("recursive"), false);
        Expression test = skipName("if") ? expression(true) : null;
        boolean recursive = skipName("recursive");
        List<Statement> body = body("else", "endfor");
        List<Statement> otherwise = List.of();
        if (next().text().equals("else")) {
            otherwise = bodyUpTo("endfor");
        }
        loops--;
        return new Statements.For(target, items, test, recursive, body, otherwise);
    }

    private void checkLoopTarget(Expression target) {
        if (loops > 0 && target instanceof Expressions.Name name && name.name().equals("loop")) {
            throw wrong("the variable 'loop' cannot be set in a loop");
        }
        if (target instanceof Expressions.TupleOf tuple) {
            tuple.items().forEach(this::checkLoopTarget);
        }
    }

    private Statement ifStatement() {
        List<Statements.Branch> branches = new ArrayList<>();
        while (true) {
            Expression test = tuple(false, List.of(), false);
            branches.add(new Statements.Branch(test, body("elif", "else", "endif")));
            String tag = next().text();
            if (tag.equals("else")) {
                return new Statements.If(branches, bodyUpTo("endif"));
            }
            if (tag.equals("endif")) {
                return new Statements.If(branches, List.of());
            }
        }
    }

    private Statement set() {
        Expression target = target(List.of(), true);
        checkLoopTarget(target);
        if (skipOperator("=")) {
            return new Statements.Set(target, tuple(true, List.of(), false));
        }
        Expressions.Filter filter = current().isOperator("|") ? (Expressions.Filter) filters(null) : null;
        return new Statements.SetBlock(target, filter, bodyUpTo("endset"));
    }

    private Statement with() {
        List<Expression> targets = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (current().kind() != Kind.TAG_END) {
            if (!targets.isEmpty()) {
                operator(",");
            }
            targets.add(target(List.of(), false));
            operator("=");
            values.add(expression(true));
        }
        return new Statements.With(targets, values, bodyUpTo("endwith"));
    }

    private Statement macro() {
        String name = assignable(name());
        List<String> parameters = new ArrayList<>();
        List<Expression> defaults = new ArrayList<>();
        signature(parameters, defaults);
        return new Statements.MacroDefinition(new Statements.Body(name, parameters, defaults, bodyUpTo("endmacro")));
    }

    private void signature(List<String> parameters, List<Expression> defaults) {
        operator("(");
        while (!current().isOperator(")")) {
            if (!parameters.isEmpty()) {
                operator(",");
            }
            String parameter = assignable(name());
            if (parameters.contains(parameter)) {
                throw wrong("the parameter '" + parameter + "' is given twice");
            }
            parameters.add(parameter);
            if (skipOperator("=")) {
                defaults.add(expression(true));
            } else if (!defaults.isEmpty()) {
                throw wrong("the parameter '" + parameter + "' needs a default, as one before it has one");
            }
        }
        operator(")");
    }

    private Statement callBlock() {
        List<String> parameters = new ArrayList<>();
        List<Expression> defaults = new ArrayList<>();
        if (current().isOperator("(")) {
            signature(parameters, defaults);
        }
        if (!(expression(true) instanceof Expressions.Call call)) {
            throw wrong("the tag 'call' needs a call");
        }
        return new Statements.CallBlock(new Statements.Body(null, parameters, defaults, bodyUpTo("endcall")), call);
    }

    private Statement filterBlock() {
        Expressions.Filter filter = (Expressions.Filter) filters(filter(null));
        return new Statements.FilterBlock(filter, bodyUpTo("endfilter"));
    }

    private List<Statement> print() {
        List<Statement> outputs = new ArrayList<>();
        while (current().kind() != Kind.TAG_END) {
            if (!outputs.isEmpty()) {
                operator(",");
            }
            outputs.add(new Statements.Print(expression(true)));
        }
        return outputs;
    }

    private Expression target(List<String> ends, boolean namespaces) {
        Expression target = tuple(false, ends, namespaces ? Simple.NAMES_AND_NAMESPACES : Simple.NAMES, false);
        checkAssignable(target);
        return target;
    }

    private void checkAssignable(Expression target) {
        if (target instanceof Expressions.TupleOf tuple) {
            tuple.items().forEach(this::checkAssignable);
        } else if (target instanceof Expressions.Name name) {
            assignable(name.name());
        } else if (!(target instanceof Expressions.NamespaceTarget)) {
            throw wrong("only names can be assigned to");
        }
    }

    private String assignable(String name) {
        if (List.of("true", "false", "none", "True", "False", "None").contains(name)) {
            throw wrong("'" + name + "' cannot be assigned to");
        }
        return name;
    }

    // expressions

    private Expression expression(boolean conditional) {
        return nested(() -> conditional ? conditional() : or());
    }

    private Expression conditional() {
        Expression value = or();
        while (skipName("if")) {
            Expression test = or();
            Expression otherwise = skipName("else") ? nested(this::conditional) : null;
            value = otherwise == null ? made(new Expressions.Conditional(test, value, null), test, value)
                    : made(new Expressions.Conditional(test, value, otherwise), test, value, otherwise);
        }
        return value;
    }

    private Expression or() {
        Expression left = and();
        while (skipName("or")) {
            Expression right = and();
            left = made(new Expressions.Or(left, right), left, right);
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (skipName("and")) {
            Expression right = not();
            left = made(new Expressions.And(left, right), left, right);
        }
        return left;
    }

    private Expression not() {
        if (skipName("not")) {
            Expression operand = nested(this::not);
            return made(new Expressions.Negation(operand), operand);
        }
        return comparison();
    }

    private Expression comparison() {
        Expression first = sum();
        List<String> operators = new ArrayList<>();
        List<Expression> all = new ArrayList<>(List.of(first));
        while (true) {
            if (current().kind() == Kind.OPERATOR && COMPARISONS.contains(current().text())) {
                operators.add(next().text());
            } else if (skipName("in")) {
                operators.add("in");
            } else if (current().isName("not") && following().isName("in")) {
                at += 2;
                operators.add("not in");
            } else {
                break;
            }
            all.add(sum());
        }
        return operators.isEmpty() ? first
                : made(new Expressions.Comparison(first, operators, all.subList(1, all.size())), all);
    }

    private Expression sum() {
        Expression left = concatenation();
        while (current().isOperator("+") || current().isOperator("-")) {
            left = binary(next().text(), left, concatenation());
        }
        return left;
    }

    private Expression binary(String operator, Expression left, Expression right) {
        return made(new Expressions.Binary(operator, left, right), left, right);
    }

    private Expression concatenation() {
        List<Expression> parts = new ArrayList<>(List.of(product()));
        while (skipOperator("~")) {
            parts.add(product());
        }
        return parts.size() == 1 ? parts.get(0) : made(new Expressions.Concatenation(parts), parts);
    }

    private Expression product() {
        Expression left = power();
        while (current().kind() == Kind.OPERATOR && List.of("*", "/", "//", "%").contains(current().text())) {
            left = binary(next().text(), left, power());
        }
        return left;
    }

    /** Unlike in Python, from left to right, and weaker than a sign. */
    private Expression power() {
        Expression left = unary(true);
        while (current().isOperator("**")) {
            left = binary(next().text(), left, unary(true));
        }
        return left;
    }

    private Expression unary(boolean filters) {
        return nested(() -> {
            Expression value;
            if (current().isOperator("-") || current().isOperator("+")) {
                boolean negative = next().text().equals("-");
                Expression operand = unary(false);
                value = made(new Expressions.Sign(negative, operand), operand);
            } else {
                value = primary(Simple.NO);
            }
            value = postfix(value);
            return filters ? filterExpression(value) : value;
        });
    }

    /** What a tuple may be made of. */
    private enum Simple { NO, NAMES, NAMES_AND_NAMESPACES }

    private Expression primary(Simple simple) {
        Token token = next();
        switch (token.kind()) {
            case NAME -> {
                return switch (token.text()) {
                    case "true", "True" -> made(new Expressions.Constant(true));
                    case "false", "False" -> made(new Expressions.Constant(false));
                    case "none", "None" -> made(new Expressions.Constant(null));
                    default -> simple == Simple.NAMES_AND_NAMESPACES && skipOperator(".")
                            ? made(new Expressions.NamespaceTarget(token.text(), name()))
                            : made(new Expressions.Name(token.text()));
                };
            }
            case TEXT -> {
                StringBuilder text = new StringBuilder(token.text());
                while (current().kind() == Kind.TEXT) {
                    text.append(next().text());
                }
                return made(new Expressions.Constant(text.toString()));
            }
            case INTEGER, FLOAT -> {
                return made(new Expressions.Constant(token.value()));
            }
            default -> {
                if (token.isOperator("(")) {
                    Expression tuple = nested(() -> tuple(true, List.of(), true));
                    operator(")");
                    return tuple;
                }
                if (token.isOperator("[")) {
                    return list();
                }
                if (token.isOperator("{")) {
                    return dict();
                }
                at--;
                throw unexpected("a value");
            }
        }
    }

    private Expression tuple(boolean conditional, List<String> ends, boolean empty) {
        return tuple(conditional, ends, Simple.NO, empty);
    }

    private Expression tuple(boolean conditional, List<String> ends, Simple simple, boolean empty) {
        List<Expression> items = new ArrayList<>();
        boolean isTuple = false;
        while (true) {
            if (!items.isEmpty()) {
                operator(",");
            }
            if (current().kind() == Kind.PRINT_END || current().kind() == Kind.TAG_END || current().isOperator(")")
                    || current().kind() == Kind.NAME && ends.contains(current().text())) {
                break;
            }
            items.add(simple == Simple.NO ? expression(conditional) : primary(simple));
            if (!current().isOperator(",")) {
                break;
            }
            isTuple = true;
        }
        if (!isTuple && !items.isEmpty()) {
            return items.get(0);
        }
        if (!isTuple && !empty) {
            throw unexpected("an expression");
        }
        return made(new Expressions.TupleOf(items), items);
    }

    private Expression list() {
        List<Expression> items = new ArrayList<>();
        while (!current().isOperator("]")) {
            if (!items.isEmpty()) {
                operator(",");
                if (current().isOperator("]")) {
                    break;
                }
            }
            items.add(expression(true));
        }
        operator("]");
        return made(new Expressions.ListOf(items), items);
    }

    private Expression dict() {
        List<Expression> keys = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (!current().isOperator("}")) {
            if (!keys.isEmpty()) {
                operator(",");
                if (current().isOperator("}")) {
                    break;
                }
            }
            keys.add(expression(true));
            operator(":");
            values.add(expression(true));
        }
        operator("}");
        List<Expression> all = new ArrayList<>(keys);
        all.addAll(values);
        return made(new Expressions.DictOf(keys, values), all);
    }

    private Expression postfix(Expression of) {
        Expression value = of;
        while (true) {
            if (skipOperator(".")) {
                value = attribute(value);
            } else if (skipOperator("[")) {
                value = subscript(value);
            } else if (current().isOperator("(")) {
                value = call(value);
            } else {
                return value;
            }
        }
    }

    private Expression filterExpression(Expression of) {
        Expression value = of;
        while (true) {
            if (current().isOperator("|")) {
                value = filters(value);
            } else if (current().isName("is")) {
                value = test(value);
            } else if (current().isOperator("(")) {
                value = call(value);
            } else {
                return value;
            }
        }
    }

    private Expression attribute(Expression of) {
        Token token = next();
        if (token.kind() == Kind.NAME) {
            return made(new Expressions.Attribute(of, token.text()), of);
        }
        if (token.kind() != Kind.INTEGER) {
            at--;
            throw unexpected("a name or number after '.'");
        }
        return made(new Expressions.Item(of, new Expressions.Constant(token.value())), of);
    }

    private Expression subscript(Expression of) {
        List<Expression> indices = new ArrayList<>();
        while (!current().isOperator("]")) {
            if (!indices.isEmpty()) {
                operator(",");
            }
            indices.add(index());
        }
        operator("]");
        Expression index = indices.size() == 1 ? indices.get(0) : made(new Expressions.TupleOf(indices), indices);
        return made(new Expressions.Item(of, index), of, index);
    }

    private Expression index() {
        Expression[] bounds = new Expression[3];
        if (!current().isOperator(":")) {
            bounds[0] = expression(true);
            if (!current().isOperator(":")) {
                return bounds[0];
            }
        }
        List<Expression> parts = new ArrayList<>();
        for (int i = 1; i < 3 && skipOperator(":"); i++) {
            if (!current().isOperator(":") && !current().isOperator("]") && !current().isOperator(",")) {
                bounds[i] = expression(true);
            }
        }
        for (Expression bound : bounds) {
            if (bound != null) {
                parts.add(bound);
            }
        }
        return made(new Expressions.SliceOf(bounds[0], bounds[1], bounds[2]), parts);
    }

    private Expression call(Expression callee) {
        List<Expression> parts = new ArrayList<>(List.of(callee));
        return made(new Expressions.Call(callee, arguments(parts)), parts);
    }

    private Expressions.CallArguments arguments(List<Expression> parts) {
        operator("(");
        List<Expression> positional = new ArrayList<>();
        Map<String, Expression> named = new LinkedHashMap<>();
        Expression more = null;
        Expression moreNamed = null;
        boolean first = true;
        while (!current().isOperator(")")) {
            if (!first) {
                operator(",");
                if (current().isOperator(")")) {
                    break;
                }
            }
            first = false;
            if (moreNamed != null) {
                throw unexpected("')'");
            }
            Expression argument;
            if (more == null && skipOperator("*")) {
                argument = more = expression(true);
            } else if (skipOperator("**")) {
                argument = moreNamed = expression(true);
            } else if (current().kind() == Kind.NAME && following().isOperator("=")) {
                String name = next().text();
                next();
                argument = expression(true);
                if (named.put(name, argument) != null) {
                    throw wrong("a call gives the argument '" + name + "' twice");
                }
            } else if (more != null || !named.isEmpty()) {
                throw wrong("an argument without a name must not follow one with a name");
            } else {
                argument = expression(true);
                positional.add(argument);
            }
            parts.add(argument);
        }
        operator(")");
        return new Expressions.CallArguments(positional, named, more, moreNamed);
    }

    private Expression filters(Expression of) {
        Expression value = of;
        while (skipOperator("|")) {
            value = filter(value);
        }
        return value;
    }

    private Expression filter(Expression of) {
        String name = dotted();
        environment.checkFilter(name).ifPresent(problem -> {
            throw wrong(problem);
        });
        List<Expression> parts = new ArrayList<>();
        if (of != null) {
            parts.add(of);
        }
        Expressions.CallArguments arguments =
                current().isOperator("(") ? arguments(parts) : Expressions.CallArguments.NONE;
        return made(new Expressions.Filter(of, name, arguments), parts);
    }

    private String dotted() {
        StringBuilder name = new StringBuilder(name());
        while (skipOperator(".")) {
            name.append('.').append(name());
        }
        return name.toString();
    }

    private Expression test(Expression of) {
        next();
        boolean negated = skipName("not");
        String name = dotted();
        environment.checkTest(name).ifPresent(problem -> {
            throw wrong(problem);
        });
        List<Expression> parts = new ArrayList<>(List.of(of));
        Expressions.CallArguments arguments = Expressions.CallArguments.NONE;
        if (current().isOperator("(")) {
            arguments = arguments(parts);
        } else if (startsArgument()) {
            if (current().isName("is")) {
                throw wrong("tests with 'is' cannot be chained");
            }
            Expression argument = nested(() -> postfix(primary(Simple.NO)));
            parts.add(argument);
            arguments = new Expressions.CallArguments(List.of(argument), Map.of(), null, null);
        }
        Expression test = made(new Expressions.Test(of, name, arguments), parts);
        return negated ? made(new Expressions.Negation(test), test) : test;
    }

    private boolean startsArgument() {
        return switch (current().kind()) {
            case NAME -> !List.of("else", "or", "and").contains(current().text());
            case TEXT, INTEGER, FLOAT -> true;
            default -> current().isOperator("[") || current().isOperator("{");
        };
    }
}
