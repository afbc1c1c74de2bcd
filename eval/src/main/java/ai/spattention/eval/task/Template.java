package ai.spattention.eval.task;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.jinja.Environment;
import ai.spattention.eval.jinja.JinjaTemplate;
import java.util.Map;

/**
 * A text with places for a row's fields, in Jinja as lm-evaluation-harness sets it up: {@code {{ field }}}, {@code
 * {{ field.part[0] | filter }}}, {@code {% if ... %}}. Nothing is escaped, newlines stay, and a field that a row lacks is an
 * error.
 */
final class Template {

    private static final Environment JINJA = TextFilters.addTo(Environment.builder()).build();
    private static final int SHOWN = 200;

    private final String source;
    private final JinjaTemplate compiled;

    private Template(String source, JinjaTemplate compiled) {
        this.source = source;
        this.compiled = compiled;
    }

    /**
     * Compiles a template.
     *
     * @param source the text
     * @return the template
     * @throws InvalidInputException if its syntax is wrong
     */
    static Template of(String source) {
        try {
            return new Template(source, JINJA.compile(source));
        } catch (InvalidInputException e) {
            throw new InvalidInputException("the template '" + shown(source) + "' is wrong: " + shown(e.getMessage()), e);
        }
    }

    /**
     * Fills in a row.
     *
     * @param fields the row's fields
     * @return the text
     * @throws InvalidInputException if the row lacks a field, or does not fit
     */
    String render(Map<String, Object> fields) {
        try {
            return compiled.render(fields);
        } catch (InvalidInputException e) {
            throw new InvalidInputException(shown(e.getMessage()) + " (in the template '" + shown(source) + "')", e);
        }
    }

    private static String shown(String text) {
        String line = text.replace("\n", "\\n").replace("\r", "\\r").replace("\u0085", "\\x85").replace("\u2028", "\\u2028")
                .replace("\u2029", "\\u2029");
        return line.length() <= SHOWN ? line : line.substring(0, line.offsetByCodePoints(0, SHOWN / 2)) + "...";
    }
}
