package ai.spattention.eval.task;

import ai.spattention.InvalidInputException;
import io.pebbletemplates.pebble.PebbleEngine;
import io.pebbletemplates.pebble.error.AttributeNotFoundException;
import io.pebbletemplates.pebble.error.PebbleException;
import io.pebbletemplates.pebble.loader.StringLoader;
import io.pebbletemplates.pebble.template.PebbleTemplate;
import java.io.IOException;
import java.io.StringWriter;
import java.util.Map;

/**
 * A text with places for a row's fields, in the syntax of Jinja as far as Pebble has it: {@code {{ field }}}, {@code
 * {{ field.part[0] | filter }}}, {@code {% if ... %}}. Nothing is escaped, newlines stay, and a field that a row lacks is an
 * error.
 */
final class Template {

    private static final PebbleEngine ENGINE = new PebbleEngine.Builder()
            .loader(new StringLoader()).autoEscaping(false).strictVariables(true).newLineTrimming(false)
            .extension(new TextFilters()).build();

    private final String source;
    private final PebbleTemplate compiled;

    private Template(String source, PebbleTemplate compiled) {
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
            return new Template(source, ENGINE.getLiteralTemplate(source));
        } catch (PebbleException e) {
            throw new InvalidInputException("the template '" + oneLine(source) + "' is wrong: " + e.getPebbleMessage(), e);
        }
    }

    /**
     * Fills in a row.
     *
     * @param fields the row's fields
     * @return the text
     * @throws InvalidInputException if the row lacks a field
     */
    String render(Map<String, Object> fields) {
        StringWriter out = new StringWriter();
        try {
            compiled.evaluate(out, fields);
            return out.toString();
        } catch (AttributeNotFoundException e) {
            throw new InvalidInputException("there is no field '" + e.getAttributeName() + "', which the template '"
                    + oneLine(source) + "' needs", e);
        } catch (PebbleException | IOException e) {
            throw new InvalidInputException("the template '" + oneLine(source) + "' does not fit: "
                    + String.valueOf(e.getMessage()).lines().findFirst().orElse(""), e);
        }
    }

    private static String oneLine(String text) {
        return text.replace("\n", "\\n");
    }
}
