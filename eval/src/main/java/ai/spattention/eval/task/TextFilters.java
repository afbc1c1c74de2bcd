package ai.spattention.eval.task;

import ai.spattention.InvalidInputException;
import io.pebbletemplates.pebble.extension.AbstractExtension;
import io.pebbletemplates.pebble.extension.Filter;
import io.pebbletemplates.pebble.template.EvaluationContext;
import io.pebbletemplates.pebble.template.PebbleTemplate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What templates can do with text beyond what Pebble brings. Each is named and works as in Python where Python has it. */
final class TextFilters extends AbstractExtension {

    @Override
    public Map<String, Filter> getFilters() {
        Map<String, Filter> filters = new LinkedHashMap<>();
        filters.put("strip", text(PythonText::strip));
        filters.put("lstrip", text(PythonText::lstrip));
        filters.put("rstrip", text(PythonText::rstrip));
        filters.put("capitalize", text(PythonText::capitalize));
        filters.put("lower_first", text(TextFilters::lowerFirst));
        filters.put("drop_last_character", text(TextFilters::dropLastCharacter));
        filters.put("drop_last_word", text(text -> text.substring(0, Math.max(0, text.lastIndexOf(' ')))));
        filters.put("last_word", text(text -> text.substring(text.lastIndexOf(' ') + 1)));
        filters.put("spaced", text(text -> text.replace('_', ' ')));
        filters.put("int", text(TextFilters::number));
        filters.put("before", text(TextFilters::before));
        filters.put("after", text(TextFilters::after));
        filters.put("hellaswag", text(Detokenize::hellaswag));
        filters.put("wikitext", text(Detokenize::wikitext));
        return filters;
    }

    @Override
    public Map<String, io.pebbletemplates.pebble.extension.Function> getFunctions() {
        return Map.of("field", new FirstField());
    }

    /** {@code field('one', 'other')}: the first of the fields that a row has. */
    private static final class FirstField implements io.pebbletemplates.pebble.extension.Function {

        @Override
        public List<String> getArgumentNames() {
            return null;
        }

        @Override
        public Object execute(Map<String, Object> arguments, PebbleTemplate self, EvaluationContext context, int lineNumber) {
            return arguments.values().stream().map(name -> context.getVariable(String.valueOf(name))).filter(Objects::nonNull)
                    .findFirst().orElseThrow(() -> new InvalidInputException("there is no field "
                            + arguments.values().stream().map(name -> "'" + name + "'").collect(Collectors.joining(" or "))));
        }
    }

    private static String lowerFirst(String text) {
        int first = text.isEmpty() ? 0 : text.offsetByCodePoints(0, 1);
        return text.substring(0, first).toLowerCase(Locale.ROOT) + text.substring(first);
    }

    private static String dropLastCharacter(String text) {
        return text.isEmpty() ? text : text.substring(0, text.offsetByCodePoints(text.length(), -1));
    }

    /** Booleans as Python counts with them. */
    private static String number(String text) {
        return text.equals("true") ? "1" : text.equals("false") ? "0" : text.strip();
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

    private static Filter text(Function<String, String> change) {
        return new TextFilter(List.of(), (text, argument) -> change.apply(text));
    }

    private static Filter text(BiFunction<String, String, String> change) {
        return new TextFilter(List.of("mark"), change);
    }

    private record TextFilter(List<String> names, BiFunction<String, String, String> change) implements Filter {

        @Override
        public List<String> getArgumentNames() {
            return names.isEmpty() ? null : names;
        }

        @Override
        public Object apply(Object input, Map<String, Object> arguments, PebbleTemplate self, EvaluationContext context,
                int lineNumber) {
            return change.apply(String.valueOf(input), names.isEmpty() ? "" : String.valueOf(arguments.get("mark")));
        }
    }
}
