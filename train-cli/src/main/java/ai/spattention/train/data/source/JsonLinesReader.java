package ai.spattention.train.data.source;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.json.JsonProblem;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** One JSON object a line; lines of white space are passed over. */
final class JsonLinesReader implements PartReader {

    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder().maxStringLength(LineSplitter.LONGEST).build())
            .build();

    private final Path path;
    private final TextStream stream;
    private final LineSplitter lines;
    private final String field;
    private final Tokenizer tokenizer;
    private DocumentParts document;

    JsonLinesReader(Path path, TextStream stream, String field, Tokenizer tokenizer) {
        this.path = path;
        this.stream = stream;
        this.lines = new LineSplitter(path, stream);
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
            if (!nextLine()) {
                return Optional.empty();
            }
            document = parse();
        }
    }

    private boolean nextLine() throws IOException {
        try {
            while (lines.next()) {
                if (!lines.isBlank()) {
                    return true;
                }
            }
            return false;
        } catch (IOException e) {
            throw ReadFailures.explain(path + " after line " + lines.number(), e);
        }
    }

    private DocumentParts parse() {
        String text = null;
        String id = null;
        try (JsonParser json = JSON.createParser(lines.buffer(), lines.offset(), lines.length())) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw bad("is not a JSON object");
            }
            for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
                JsonToken value = json.nextToken();
                if (name.equals(field)) {
                    if (text != null) {
                        throw bad("has the field '" + field + "' twice");
                    }
                    if (value != JsonToken.VALUE_STRING) {
                        throw bad("has " + describe(value) + " in the field '" + field + "': it must be a string");
                    }
                    text = json.getText();
                } else if (name.equals("id") && value != null && value.isScalarValue() && value != JsonToken.VALUE_NULL) {
                    id = json.getText();
                } else {
                    json.skipChildren();
                }
            }
            if (json.nextToken() != null) {
                throw bad("has something after the JSON object");
            }
        } catch (JsonProcessingException e) {
            throw bad("is not valid JSON: " + JsonProblem.of(e));
        } catch (IOException e) { // from memory: the bytes are no UTF-8
            throw bad("is not valid JSON: " + e.getMessage());
        }
        if (text == null) {
            throw bad("has no field '" + field + "': name the field that holds the text with --field");
        }
        return new DocumentParts(where(), id != null ? id : path + ":" + lines.number(), lines.number(), text, tokenizer);
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

    private String where() {
        return path + " line " + lines.number();
    }

    private InvalidInputException bad(String problem) {
        return new InvalidInputException(where() + " " + problem);
    }

    @Override
    public long bytesRead() {
        return stream.bytesRead();
    }

    @Override
    public void close() throws IOException {
        stream.close();
    }
}
