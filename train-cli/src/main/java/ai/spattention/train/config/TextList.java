package ai.spattention.train.config;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Texts in a list: {@code [a, b]} or one a line in YAML, and in an override. In brackets as in plain text a comma separates, unless it
 * stands in quotes.
 *
 * @param items the texts
 */
public record TextList(@JsonValue List<String> items) {

    private static final String SEPARATOR = ",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)"; // an even number of quotes follows

    /** Copies the list. */
    public TextList {
        items = List.copyOf(items);
    }

    /**
     * Reads a list.
     *
     * @param node a list of texts, or a text
     * @return the list
     * @throws IllegalArgumentException if it is something else
     */
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static TextList of(JsonNode node) {
        List<String> items = new ArrayList<>();
        if (node.isTextual()) {
            String text = node.textValue().strip().replaceFirst("^\\[(.*)]$", "$1");
            Arrays.stream(text.split(SEPARATOR)).map(item -> item.strip().replaceFirst("^\"(.*)\"$", "$1"))
                    .filter(item -> !item.isEmpty()).forEach(items::add);
        } else if (node.isArray()) {
            for (JsonNode each : node) {
                if (!each.isTextual()) {
                    throw new IllegalArgumentException("a list of texts holds " + each);
                }
                items.add(each.textValue());
            }
        } else {
            throw new IllegalArgumentException("a list of texts is " + node);
        }
        return new TextList(items);
    }

    /**
     * The list as an override has it.
     *
     * @return the texts in brackets, what holds a comma in quotes, so that it reads back as the same list
     */
    public String asOverride() {
        return items.stream().map(item -> item.contains(",") ? '"' + item + '"' : item).collect(Collectors.joining(", ", "[", "]"));
    }
}
