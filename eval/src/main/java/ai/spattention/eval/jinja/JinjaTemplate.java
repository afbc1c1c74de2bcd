package ai.spattention.eval.jinja;

import ai.spattention.common.InvalidInputException;
import java.util.ConcurrentModificationException;
import java.util.List;
import java.util.Map;

/** A template that has been read. Safe for many threads. */
public final class JinjaTemplate {

    private final Environment environment;
    private final List<Statement> statements;
    private final Symbols symbols;

    JinjaTemplate(Environment environment, List<Statement> statements, Symbols symbols) {
        this.environment = environment;
        this.statements = statements;
        this.symbols = symbols;
    }

    /**
     * Writes a value as a template prints it.
     *
     * @param value text, a number, a boolean, null, a list or a map
     * @return the text, as Python's {@code str} gives it
     */
    public static String print(Object value) {
        return Text.str(new Run(null, Map.of()), Values.of(value));
    }

    /**
     * Fills in fields. Depth, steps and the lengths of texts, lists and numbers are bounded.
     *
     * @param fields the fields by name: text, numbers, booleans, null, lists and maps of such; they are not changed
     * @return the text
     * @throws InvalidInputException if a field that is used is not there, if an operation does not fit its values, or at a bound
     */
    public String render(Map<String, Object> fields) {
        Run run = new Run(environment, fields);
        Output out = new Output(run);
        try {
            Statements.run(run, new Frame(run, symbols, null), out, statements);
            return out.toString();
        } catch (StackOverflowError e) {
            throw new InvalidInputException("it nests too deep", e);
        } catch (ConcurrentModificationException e) {
            throw new InvalidInputException("a dict must not change while its items are gone through", e);
        }
    }
}
