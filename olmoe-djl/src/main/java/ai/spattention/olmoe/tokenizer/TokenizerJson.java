package ai.spattention.olmoe.tokenizer;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.JsonProblem;
import ai.spattention.olmoe.io.RegularFile;
import ai.spattention.olmoe.io.TextFile;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * A {@code tokenizer.json} as text, of which nothing is known but that it lists tokens with their ids.
 *
 * @param file where it stands, for messages
 * @param text its text
 * @param root its object
 */
record TokenizerJson(Path file, String text, JsonNode root) {

    private static final long LARGEST = 512L << 20;
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Reads a file.
     *
     * @param file the file
     * @return its content
     * @throws InvalidInputException if it cannot be read or is no tokenizer.json
     */
    static TokenizerJson read(Path file) {
        RegularFile.requireIfThere(file);
        try {
            if (Files.size(file) > LARGEST) {
                throw new InvalidInputException(file + " is too large for a tokenizer: " + Files.size(file) + " bytes");
            }
            return of(file, TextFile.withoutMark(Files.readString(file)));
        } catch (IOException e) {
            throw new InvalidInputException("cannot read the tokenizer " + file
                    + ": it must be a tokenizer.json in UTF-8, or 'bytes'", e);
        }
    }

    /**
     * Parses a text.
     *
     * @param file where it came from, for messages
     * @param text the text
     * @return its content
     * @throws InvalidInputException if it is no tokenizer.json
     */
    static TokenizerJson of(Path file, String text) {
        try {
            JsonNode root = JSON.readTree(text);
            if (root == null || !root.path("model").isObject()) {
                throw new InvalidInputException(file + " is not a tokenizer.json: it has no object 'model'");
            }
            return new TokenizerJson(file, text, root);
        } catch (JsonProcessingException e) {
            throw new InvalidInputException(file + " is not valid JSON: " + JsonProblem.of(e), e);
        }
    }

    /** The tokens that stand beside the model's vocabulary. */
    JsonNode added() {
        return root.path("added_tokens");
    }

    /** The model's own tokens: an object from text to id, or for Unigram a list of text and score in the order of the ids. */
    JsonNode vocabulary() {
        return root.path("model").path("vocab");
    }

    /** The texts of the model's own tokens. */
    Stream<String> words() {
        JsonNode vocabulary = vocabulary();
        return vocabulary.isArray() ? StreamSupport.stream(vocabulary.spliterator(), false).map(entry -> entry.path(0).asText())
                : vocabulary.properties().stream().map(Map.Entry::getKey);
    }

    /**
     * The id of a token.
     *
     * @param token the token's text
     * @return its id, or empty if there is no such token
     */
    OptionalInt idOf(String token) {
        for (JsonNode added : added()) {
            if (added.path("content").asText().equals(token)) {
                return OptionalInt.of(checkedId(added.path("id")));
            }
        }
        JsonNode vocabulary = vocabulary();
        if (vocabulary.isObject() && vocabulary.has(token)) {
            return OptionalInt.of(checkedId(vocabulary.get(token)));
        }
        if (vocabulary.isArray()) {
            for (int id = 0; id < vocabulary.size(); id++) {
                if (vocabulary.get(id).path(0).asText().equals(token)) {
                    return OptionalInt.of(id);
                }
            }
        }
        return OptionalInt.empty();
    }

    /**
     * The text of a token.
     *
     * @param id the token's id
     * @return its text, or empty if no token has the id
     */
    Optional<String> textOf(int id) {
        for (JsonNode added : added()) {
            if (added.path("id").asInt(-1) == id) {
                return Optional.of(added.path("content").asText());
            }
        }
        JsonNode vocabulary = vocabulary();
        if (vocabulary.isArray()) {
            return vocabulary.has(id) ? Optional.of(vocabulary.get(id).path(0).asText()) : Optional.empty();
        }
        return vocabulary.properties().stream().filter(entry -> entry.getValue().asInt(-1) == id).map(Map.Entry::getKey)
                .findFirst();
    }

    /**
     * The number of ids.
     *
     * @return one more than the largest id
     * @throws InvalidInputException if an id is none
     */
    int vocabSize() {
        JsonNode vocabulary = vocabulary();
        int largest = vocabulary.isArray() ? vocabulary.size() - 1 : -1;
        for (var entry : vocabulary.properties()) {
            largest = Math.max(largest, checkedId(entry.getValue()));
        }
        for (JsonNode added : added()) {
            largest = Math.max(largest, checkedId(added.path("id")));
        }
        return largest + 1;
    }

    private int checkedId(JsonNode id) {
        if (!id.isInt() || id.intValue() < 0 || id.intValue() == Integer.MAX_VALUE) {
            throw new InvalidInputException(file + " is not a tokenizer.json that can be used: a token has the id "
                    + (id.isMissingNode() ? "nothing" : id) + "; it must be a whole number from 0 to "
                    + (Integer.MAX_VALUE - 1));
        }
        return id.intValue();
    }
}
