package ai.spattention.eval.task;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.jinja.Environment;
import ai.spattention.eval.python.PythonText;

/** What templates can do with text beyond what Jinja brings. Each is named and works as in Python where Python has it. */
final class TextFilters {

    private TextFilters() {}

    /** Adds the filters, and {@code field('one', 'other')}: the first of the fields that a row has. */
    static Environment.Builder addTo(Environment.Builder builder) {
        return builder.addFilter("strip", PythonText::strip)
                .addFilter("lstrip", text -> PythonText.lstrip(text))
                .addFilter("rstrip", text -> PythonText.rstrip(text))
                .addFilter("lower_first", TextFilters::lowerFirst)
                .addFilter("drop_last_character", TextFilters::dropLastCharacter)
                .addFilter("drop_last_word", text -> text.substring(0, Math.max(0, text.lastIndexOf(' '))))
                .addFilter("last_word", text -> text.substring(text.lastIndexOf(' ') + 1))
                .addFilter("spaced", text -> text.replace('_', ' '))
                .addFilter("before", TextFilters::before)
                .addFilter("after", TextFilters::after)
                .addFilter("hellaswag", Detokenize::hellaswag)
                .addFilter("wikitext", Detokenize::wikitext)
                .addFirstField("field");
    }

    private static String lowerFirst(String text) {
        int first = text.isEmpty() ? 0 : text.offsetByCodePoints(0, 1);
        return PythonText.lower(text.substring(0, first)) + text.substring(first);
    }

    private static String dropLastCharacter(String text) {
        return text.isEmpty() ? text : text.substring(0, text.offsetByCodePoints(text.length(), -1));
    }

    private static String before(String text, String mark) {
        return text.substring(0, place(text, mark));
    }

    private static String after(String text, String mark) {
        return text.substring(place(text, mark) + mark.length());
    }

    private static int place(String text, String mark) {
        int place = text.indexOf(mark);
        if (place < 0) {
            throw new InvalidInputException("the text '" + text + "' has no '" + mark + "'");
        }
        return place;
    }
}
