package ai.spattention.olmoe.config;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.JsonFile;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * How a model's folder wants its texts continued, as Hugging Face's {@code generation_config.json} says it; what the file leaves
 * open is null. The tokens that end a text stand in the same file, but have further sources: see {@code SpecialTokens}.
 *
 * @param doSample whether tokens are drawn rather than the likeliest taken; {@code do_sample}
 * @param temperature what the logits are divided by, at least 0; {@code temperature}
 * @param topK how many of the likeliest tokens stay, at least 0, where 0 keeps all; {@code top_k}
 * @param topP the probability that the tokens kept must reach together, in (0, 1]; {@code top_p}
 * @param maxNewTokens how many tokens are drawn at most, at least 1; {@code max_new_tokens}
 * @param maxLength how many tokens there are at most together with the prompt's, at least 1; {@code max_length}
 */
public record GenerationConfig(Boolean doSample, Double temperature, Integer topK, Double topP, Integer maxNewTokens,
        Integer maxLength) {

    /** The file's name. */
    public static final String FILE = "generation_config.json";

    /** Settings that would change a text and are not followed, at the value at which they do not. */
    private static final Map<String, Object> UNSUPPORTED = Map.ofEntries(
            Map.entry("num_beams", 1), Map.entry("num_return_sequences", 1), Map.entry("penalty_alpha", 0),
            Map.entry("repetition_penalty", 1), Map.entry("encoder_repetition_penalty", 1), Map.entry("no_repeat_ngram_size", 0),
            Map.entry("encoder_no_repeat_ngram_size", 0), Map.entry("min_length", 0), Map.entry("min_new_tokens", 0),
            Map.entry("min_p", 0), Map.entry("top_h", 1), Map.entry("typical_p", 1), Map.entry("epsilon_cutoff", 0),
            Map.entry("eta_cutoff", 0), Map.entry("guidance_scale", 1), Map.entry("token_healing", false));

    /** The same for settings that change a text wherever they stand. */
    private static final List<String> UNSUPPORTED_AT_ALL = List.of("bad_words_ids", "force_words_ids", "constraints",
            "forced_bos_token_id", "forced_eos_token_id", "forced_decoder_ids", "suppress_tokens", "begin_suppress_tokens",
            "sequence_bias", "exponential_decay_length_penalty", "watermarking_config", "stop_strings", "max_time", "dola_layers");

    /**
     * Reads a folder's file.
     *
     * @param folder the folder; without the file everything is open
     * @return what the file says
     * @throws InvalidInputException if the file is damaged, a value lies outside its range, or a setting would change the text and
     *     is not supported
     */
    public static GenerationConfig read(Path folder) {
        Path file = folder.resolve(FILE);
        if (Files.notExists(file)) {
            return new GenerationConfig(null, null, null, null, null, null);
        }
        ObjectNode root = JsonFile.read(file, "it tells how texts are continued");
        root.properties().forEach(entry -> requireSupported(file, entry.getKey(), entry.getValue()));
        return new GenerationConfig(
                value(file, root, "do_sample", JsonNode::isBoolean, "true or false").map(JsonNode::booleanValue).orElse(null),
                value(file, root, "temperature", node -> node.isNumber() && node.doubleValue() >= 0
                        && Double.isFinite(node.doubleValue()), "a number of at least 0").map(JsonNode::doubleValue).orElse(null),
                integer(file, root, "top_k", 0),
                value(file, root, "top_p", node -> node.isNumber() && node.doubleValue() > 0 && node.doubleValue() <= 1,
                        "a number above 0 and at most 1").map(JsonNode::doubleValue).orElse(null),
                integer(file, root, "max_new_tokens", 1),
                integer(file, root, "max_length", 1));
    }

    /**
     * The text of a file that tells a new model's special tokens, and leaves open how tokens are drawn.
     *
     * @param config the model's configuration
     * @return JSON text
     */
    public static String write(OlmoeConfig config) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        if (config.bosTokenId() != null) {
            root.put("bos_token_id", config.bosTokenId());
        }
        if (config.eosTokenIds().size() == 1) {
            root.put("eos_token_id", config.eosTokenIds().get(0));
        } else if (!config.eosTokenIds().isEmpty()) {
            config.eosTokenIds().forEach(root.putArray("eos_token_id")::add);
        }
        if (config.padTokenId() != null) {
            root.put("pad_token_id", config.padTokenId());
        }
        return root.toPrettyString() + "\n";
    }

    private static void requireSupported(Path file, String key, JsonNode value) {
        Object neutral = UNSUPPORTED.get(key);
        boolean supported = neutral == null && !UNSUPPORTED_AT_ALL.contains(key) || value.isNull()
                || value.isContainerNode() && value.isEmpty();
        if (!supported && !ConfigKeys.isNeutral(value, neutral)) {
            throw new InvalidInputException(file + " has '" + key + "' = " + ConfigKeys.shown(value)
                    + ", which would change the text and is not supported here: remove it"
                    + (neutral == null ? "" : ", or set it to " + neutral));
        }
    }

    private static Integer integer(Path file, ObjectNode root, String key, int least) {
        return value(file, root, key, node -> node.isIntegralNumber() && node.canConvertToInt() && node.intValue() >= least,
                "a whole number of at least " + least).map(JsonNode::intValue).orElse(null);
    }

    private static Optional<JsonNode> value(Path file, ObjectNode root, String key, Predicate<JsonNode> allowed, String what) {
        JsonNode value = root.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return Optional.empty();
        }
        if (!allowed.test(value)) {
            throw new InvalidInputException(file + " has '" + key + "' = " + ConfigKeys.shown(value) + ": it must be " + what);
        }
        return Optional.of(value);
    }
}
