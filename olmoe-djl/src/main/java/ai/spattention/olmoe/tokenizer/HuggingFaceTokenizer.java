package ai.spattention.olmoe.tokenizer;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.spattention.InvalidInputException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * A tokenizer of Hugging Face's library, read from its {@code tokenizer.json}. Nothing is cut or padded, whatever the file
 * says.
 *
 * <p>The library always turns the text of a special token into that token. For ordinary text a second tokenizer is made from
 * the same file with the special tokens taken out of the list of added tokens, so that their text is split like any other;
 * all other ids stay the same.
 */
public final class HuggingFaceTokenizer implements Tokenizer {

    private static final List<String> EOS_NAMES = List.of("<|endoftext|>", "</s>", "<eos>", "<|end_of_text|>", "[SEP]");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String name;
    private final String json;
    private final ai.djl.huggingface.tokenizers.HuggingFaceTokenizer tokenizer;
    private final ai.djl.huggingface.tokenizers.HuggingFaceTokenizer ordinary;
    private final int vocabSize;
    private final OptionalInt eosId;

    private HuggingFaceTokenizer(Path file, String json, JsonNode root, Integer knownEos) throws IOException {
        this.name = file.toString();
        this.json = json;
        vocabSize = largestId(root) + 1;
        eosId = knownEos != null ? OptionalInt.of(knownEos) : findEos(root);
        tokenizer = load(json);
        ordinary = load(withoutSpecialTokens(root));
    }

    /**
     * Makes a tokenizer.
     *
     * @param file where the text came from, for messages
     * @param json the content of a {@code tokenizer.json}
     * @param eosId the id that ends a document if known otherwise, for example from a model's configuration; null to take
     *     the special token that is usually named so
     * @return the tokenizer
     * @throws InvalidInputException if the library does not accept the text
     */
    static HuggingFaceTokenizer of(Path file, String json, Integer eosId) {
        try {
            JsonNode root = JSON.readTree(json);
            if (root == null || !root.path("model").isObject()) {
                throw new InvalidInputException(file + " is not a tokenizer.json: it has no object 'model'");
            }
            return new HuggingFaceTokenizer(file, json, root, eosId);
        } catch (JsonProcessingException e) {
            throw new InvalidInputException(file + " is not valid JSON: " + e.getOriginalMessage(), e);
        } catch (IOException | RuntimeException e) {
            if (e instanceof InvalidInputException invalid) {
                throw invalid;
            }
            throw new InvalidInputException(file + " is not a tokenizer.json that can be used: " + e.getMessage(), e);
        }
    }

    private static ai.djl.huggingface.tokenizers.HuggingFaceTokenizer load(String json) throws IOException {
        Map<String, String> options = Map.of("truncation", "false", "padding", "false");
        return ai.djl.huggingface.tokenizers.HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), options);
    }

    private static String withoutSpecialTokens(JsonNode root) {
        ObjectNode copy = root.deepCopy();
        copy.putNull("post_processor"); // it may name special tokens, and only adds such
        if (copy.get("added_tokens") instanceof ArrayNode added) {
            for (Iterator<JsonNode> tokens = added.elements(); tokens.hasNext();) {
                if (tokens.next().path("special").asBoolean()) {
                    tokens.remove();
                }
            }
        }
        return copy.toString();
    }

    private static int largestId(JsonNode root) {
        int largest = -1;
        JsonNode vocabulary = root.path("model").path("vocab");
        if (vocabulary.isArray()) { // unigram models list their tokens in the order of their ids
            largest = vocabulary.size() - 1;
        }
        for (JsonNode id : vocabulary.isObject() ? vocabulary : List.<JsonNode>of()) {
            largest = Math.max(largest, id.asInt(-1));
        }
        for (JsonNode added : root.path("added_tokens")) {
            largest = Math.max(largest, added.path("id").asInt(-1));
        }
        return largest;
    }

    private static OptionalInt findEos(JsonNode root) {
        for (String text : EOS_NAMES) {
            for (JsonNode added : root.path("added_tokens")) {
                if (added.path("content").asText().equals(text)) {
                    return OptionalInt.of(added.path("id").asInt());
                }
            }
        }
        return OptionalInt.empty();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int vocabSize() {
        return vocabSize;
    }

    @Override
    public OptionalInt eosId() {
        return eosId;
    }

    @Override
    public int[] encode(String text) {
        return ids(tokenizer.encode(text));
    }

    @Override
    public int[] encodeBare(String text) {
        return ids(tokenizer.encode(text, false, false));
    }

    @Override
    public int[] encodeOrdinary(String text) {
        return ids(ordinary.encode(text, false, false));
    }

    private static int[] ids(Encoding encoding) {
        return Arrays.stream(encoding.getIds()).mapToInt(Math::toIntExact).toArray();
    }

    @Override
    public String decode(int[] ids) {
        return tokenizer.decode(Arrays.stream(ids).asLongStream().toArray(), true);
    }

    @Override
    public String toJson() {
        return json;
    }

    @Override
    public void close() {
        tokenizer.close();
        ordinary.close();
    }
}
