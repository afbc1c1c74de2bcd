package ai.spattention.olmoe.io;

import ai.spattention.common.InvalidInputException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.Closeable;
import java.io.IOException;
import java.nio.CharBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * One JSON object a line; lines of white space are passed over. Every command reads rows by these rules: strict UTF-8, no key
 * twice in an object, NaN and Infinity as Python's {@code json} writes them.
 */
public final class JsonLines implements Closeable {

    private static final JsonMapper JSON = StrictJson.ofRows().build();

    private final Path path;
    private final TextLines lines;

    private JsonLines(Path path, TextLines lines) {
        this.path = path;
        this.lines = lines;
    }

    /** Takes what it needs of an object. */
    @FunctionalInterface
    public interface Content<T> {

        /**
         * Reads an object up to its end.
         *
         * @param json the object, at its start
         * @return what was read
         * @throws IOException if it is not what it should be
         */
        T read(JsonParser json) throws IOException;
    }

    /**
     * Opens a file, unpacked as its name says.
     *
     * @param path the file
     * @return its lines, to be closed by the caller
     * @throws InvalidInputException if the file holds something else than its name says, is cut or damaged
     * @throws IOException if reading fails otherwise
     */
    public static JsonLines open(Path path) throws IOException {
        return new JsonLines(path, TextLines.open(path));
    }

    /**
     * Reads the next object.
     *
     * @param content takes what it needs
     * @return what it took, or empty at the end
     * @throws InvalidInputException if the file is cut or damaged, or the line no JSON object
     * @throws IOException if reading fails otherwise
     */
    public <T> Optional<T> next(Content<T> content) throws IOException {
        try {
            while (lines.next()) {
                if (!lines.isBlank()) {
                    return Optional.of(parse(content));
                }
            }
            return Optional.empty();
        } catch (OutOfMemoryError e) {
            throw new InvalidInputException(path + " does not fit into Java's memory after line " + lines.number()
                    + ": split it, or give Java more with SPATTN_JAVA_OPTS=-Xmx8g", e);
        }
    }

    /**
     * Reads the next object whole.
     *
     * @return its fields, or empty at the end
     * @throws InvalidInputException as {@link #next(Content)}
     * @throws IOException if reading fails otherwise
     */
    public Optional<Map<?, ?>> nextObject() throws IOException {
        return next(json -> JSON.readValue(json, Map.class));
    }

    private <T> T parse(Content<T> content) throws IOException {
        CharBuffer line = lines.line();
        try (JsonParser json = JSON.createParser(line.array(), line.arrayOffset() + line.position(), line.remaining())) {
            JsonToken first = json.nextToken();
            if (first != JsonToken.START_OBJECT) {
                throw bad("is not a JSON object" + (first == JsonToken.START_ARRAY
                        ? ": where a file is one array, write an object a line, for example with jq -c '.[]' FILE" : ""));
            }
            T value = content.read(json);
            if (json.nextToken() != null) {
                throw bad("has something after the JSON object");
            }
            return value;
        } catch (JsonProcessingException e) {
            throw bad("is not valid JSON: " + JsonProblem.of(e) + (e instanceof JsonEOFException
                    ? "; an object has to be on one line, for example by jq -c . FILE" : ""));
        }
    }

    /**
     * The last line's place.
     *
     * @return file and line
     */
    public String where() {
        return path + " line " + lines.number();
    }

    /**
     * The last line's number.
     *
     * @return from 1 on
     */
    public long number() {
        return lines.number();
    }

    /**
     * The last line's length.
     *
     * @return characters
     */
    public int length() {
        return lines.line().remaining();
    }

    /**
     * A refusal of the last line.
     *
     * @param problem what is wrong with it
     * @return the refusal, for throwing
     */
    public InvalidInputException bad(String problem) {
        return new InvalidInputException(where() + " " + problem);
    }

    /**
     * How much of the file has been read.
     *
     * @return bytes as they lie on disk
     */
    public long bytesRead() {
        return lines.bytesRead();
    }

    @Override
    public void close() throws IOException {
        lines.close();
    }
}
