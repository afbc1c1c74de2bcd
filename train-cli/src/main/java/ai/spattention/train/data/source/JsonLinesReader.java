package ai.spattention.train.data.source;

import ai.spattention.olmoe.io.JsonLines;
import ai.spattention.olmoe.io.WellFormedText;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** One JSON object a line; lines of white space are passed over. */
final class JsonLinesReader implements PartReader {

    private final Path path;
    private final JsonLines lines;
    private final String field;
    private final Tokenizer tokenizer;
    private DocumentParts document;

    JsonLinesReader(Path path, JsonLines lines, String field, Tokenizer tokenizer) {
        this.path = path;
        this.lines = lines;
        this.field = field;
        this.tokenizer = tokenizer;
    }

    @Override
    public Optional<TextPart> next() throws IOException {
        while (true) {
            if (document != null) {
                Optional<TextPart> part = document.next();
                if (part.isPresent()) {
                    return part;
                }
                document = null;
            }
            Optional<DocumentParts> next = lines.next(this::parse);
            if (next.isEmpty()) {
                return Optional.empty();
            }
            document = next.get();
        }
    }

    private DocumentParts parse(JsonParser json) throws IOException {
        String text = null;
        String id = null;
        for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
            JsonToken value = json.nextToken();
            if (name.equals(field)) {
                if (value != JsonToken.VALUE_STRING) {
                    throw lines.bad("has " + describe(value) + " in the field '" + field + "': it must be a string");
                }
                text = json.getText();
            } else if (name.equals("id") && value != null && value.isScalarValue() && value != JsonToken.VALUE_NULL) {
                id = WellFormedText.of(json.getText());
            } else {
                json.skipChildren();
            }
        }
        if (text == null) {
            throw lines.bad("has no field '" + field + "': name the field that holds the text with --field");
        }
        return new DocumentParts(lines.where(), id != null ? id : path + ":" + lines.number(), lines.number(), text, tokenizer);
    }

    private static String describe(JsonToken value) {
        if (value == null) {
            return "nothing";
        }
        return switch (value) {
            case START_OBJECT -> "an object";
            case START_ARRAY -> "an array";
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
            default -> value.asString() != null ? value.asString() : value.name().toLowerCase(Locale.ROOT);
        };
    }

    @Override
    public long bytesRead() {
        return lines.bytesRead();
    }

    @Override
    public void close() throws IOException {
        lines.close();
    }
}
