package ai.spattention.eval.score;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The token that stands before a text that has nothing before it: the one that begins texts, else the one that ends them.
 *
 * @param id its id
 * @param beginsText the text of the token that begins texts, or null if the tokenizer has none
 */
public record PrefixToken(int id, String beginsText) {

    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Finds a model's token: {@code bos_token} of its {@code tokenizer_config.json}, else the tokenizer's end of text.
     *
     * @param modelFolder the model's folder
     * @param tokenizer its tokenizer
     * @return the token
     * @throws InvalidInputException if there is neither
     * @throws IOException if reading fails
     */
    public static PrefixToken of(Path modelFolder, Tokenizer tokenizer) throws IOException {
        Path file = modelFolder.resolve("tokenizer_config.json");
        if (Files.isRegularFile(file)) {
            JsonNode token = JSON.readTree(file.toFile()).path("bos_token");
            String text = token.isObject() ? token.path("content").asText(null) : token.asText(null);
            if (text != null && !token.isNull()) {
                int[] ids = tokenizer.encodeBare(text);
                if (ids.length != 1) {
                    throw new InvalidInputException(file + " names the bos_token '" + text
                            + "', which the tokenizer does not know as one token (it makes " + ids.length + " of it)");
                }
                return new PrefixToken(ids[0], text);
            }
        }
        return endOfText(tokenizer);
    }

    /**
     * The token that ends texts.
     *
     * @param tokenizer a model's tokenizer
     * @return the token
     * @throws InvalidInputException if there is none
     */
    public static PrefixToken endOfText(Tokenizer tokenizer) {
        int end = tokenizer.eosId().orElseThrow(() -> new InvalidInputException("the tokenizer " + tokenizer.name()
                + " has no token that begins or ends a text; one is needed where a text has no context"));
        return new PrefixToken(end, null);
    }
}
