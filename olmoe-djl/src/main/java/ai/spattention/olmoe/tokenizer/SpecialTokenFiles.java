package ai.spattention.olmoe.tokenizer;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.config.ModelType;
import ai.spattention.olmoe.config.TokenIds;
import ai.spattention.olmoe.io.JsonFile;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** Finds {@link SpecialTokens} in the files of a folder. */
final class SpecialTokenFiles {

    private static final String TOKENIZER_CONFIG = "tokenizer_config.json";
    private static final String TOKENS_MAP = "special_tokens_map.json";
    private static final String ADDED_TOKENS = "added_tokens.json";
    private static final String GENERATION_CONFIG = "generation_config.json";
    private static final String MODEL_CONFIG = "config.json";
    private static final String ADDED_DECODER = "added_tokens_decoder";

    private static final String DEFAULT_CLASS = "GPTNeoXTokenizer";
    private static final String DEFAULT_TEXT = "<|endoftext|>";
    private static final List<String> USUAL_ENDS = List.of(DEFAULT_TEXT, "</s>", "<eos>", "<|end_of_text|>", "[SEP]");

    private final Path folder;
    private final TokenizerJson tokenizer;
    private final ObjectNode tokenizerConfig;
    private final ObjectNode tokensMap;
    private final ObjectNode addedTokens;
    private final ObjectNode generationConfig;
    private final ObjectNode modelConfig;

    private SpecialTokenFiles(Path folder, TokenizerJson tokenizer) {
        this.folder = folder;
        this.tokenizer = tokenizer;
        tokenizerConfig = object(TOKENIZER_CONFIG);
        boolean decoder = tokenizerConfig.has(ADDED_DECODER);
        tokensMap = decoder ? JsonNodeFactory.instance.objectNode() : object(TOKENS_MAP);
        addedTokens = decoder ? JsonNodeFactory.instance.objectNode() : object(ADDED_TOKENS);
        generationConfig = object(GENERATION_CONFIG);
        modelConfig = object(MODEL_CONFIG);
    }

    /**
     * Reads the files.
     *
     * @param folder the folder, or null for a tokenizer without
     * @param tokenizer its tokenizer.json, or null if it has none
     * @return its special tokens
     */
    static SpecialTokens read(Path folder, TokenizerJson tokenizer) {
        SpecialTokenFiles files = new SpecialTokenFiles(folder, tokenizer);
        List<SpecialToken> ends = files.ofIds("eos_token_id");
        SpecialToken bos = files.own("bos_token", "bos_token_id");
        SpecialToken eos = files.own("eos_token", "eos_token_id");
        if (eos == null) {
            eos = ends.isEmpty() ? files.usualEnd() : ends.get(0);
        }
        SpecialToken pad = files.own("pad_token", "pad_token_id");
        return new SpecialTokens(bos, eos, pad, ends.isEmpty() && eos != null ? List.of(eos) : ends);
    }

    private ObjectNode object(String name) {
        return folder != null && Files.exists(folder.resolve(name)) ? JsonFile.read(folder.resolve(name), "it tells the special tokens")
                : JsonNodeFactory.instance.objectNode();
    }

    /** The tokenizer's own token: null in its files means none, a key that is absent leaves it to the others. */
    private SpecialToken own(String key, String idKey) {
        String source = tokensMap.has(key) ? TOKENS_MAP : TOKENIZER_CONFIG;
        JsonNode value = tokensMap.has(key) ? tokensMap.get(key) : tokenizerConfig.path(key);
        if (!value.isMissingNode()) {
            return named(key, value, source);
        }
        if (!key.equals("pad_token") && isDefaultClass() && idOf(DEFAULT_TEXT).isPresent()) {
            return new SpecialToken(idOf(DEFAULT_TEXT).getAsInt(), DEFAULT_TEXT, "the default of " + DEFAULT_CLASS);
        }
        List<SpecialToken> ids = ofIds(idKey);
        return ids.isEmpty() ? null : ids.get(0);
    }

    private SpecialToken named(String key, JsonNode value, String source) {
        JsonNode content = value.isObject() ? value.path("content") : value;
        if (!content.isTextual() && !value.isNull()) {
            throw new InvalidInputException(folder.resolve(source) + " has '" + key + "' = " + value
                    + ": it must be a token's text, an object with 'content', or null");
        }
        String text = content.asText();
        if (value.isNull() || text.isEmpty()) {
            return null;
        }
        OptionalInt id = idOf(text);
        if (id.isPresent()) {
            return new SpecialToken(id.getAsInt(), text, source);
        }
        if (tokenizer == null || key.equals("pad_token")) { // nothing here pads
            return null;
        }
        throw new InvalidInputException(folder.resolve(source) + " names the " + key + " '" + text + "', which "
                + tokenizer.file() + " does not have: correct one of the two");
    }

    /** The tokenizer decides; tokens that are told beside it count only where it has none of that text. */
    private OptionalInt idOf(String text) {
        OptionalInt told = told(text);
        OptionalInt known = tokenizer == null ? OptionalInt.empty() : tokenizer.idOf(text);
        if (known.isPresent() && told.isPresent() && known.getAsInt() != told.getAsInt()) {
            throw new InvalidInputException("the token '" + text + "' has the id " + known.getAsInt() + " in " + tokenizer.file()
                    + " and " + told.getAsInt() + " in the files beside it (" + TOKENIZER_CONFIG + ", " + ADDED_TOKENS
                    + "): correct one of them");
        }
        return known.isPresent() ? known : told;
    }

    private OptionalInt told(String text) {
        for (var entry : tokenizerConfig.path(ADDED_DECODER).properties()) {
            if (entry.getValue().path("content").asText().equals(text)) {
                return id(folder.resolve(TOKENIZER_CONFIG), entry.getKey());
            }
        }
        return addedTokens.has(text) ? id(folder.resolve(ADDED_TOKENS), addedTokens.get(text).asText()) : OptionalInt.empty();
    }

    private static OptionalInt id(Path file, String number) {
        try {
            int id = Integer.parseInt(number);
            if (id >= 0) {
                return OptionalInt.of(id);
            }
        } catch (NumberFormatException e) {
            // as below
        }
        throw new InvalidInputException(file + " gives a token the id '" + number + "': it must be a whole number of at least 0");
    }

    private boolean isDefaultClass() {
        JsonNode name = tokenizerConfig.has("tokenizer_class") ? tokenizerConfig.get("tokenizer_class") : modelConfig.path("tokenizer_class");
        return name.isTextual() ? name.textValue().startsWith(DEFAULT_CLASS)
                : ModelType.names().contains(modelConfig.path("model_type").asText("olmoe"));
    }

    /** The ids that the model's files tell. */
    private List<SpecialToken> ofIds(String key) {
        List<SpecialToken> tokens = ofIds(GENERATION_CONFIG, generationConfig, key);
        return tokens.isEmpty() ? ofIds(MODEL_CONFIG, modelConfig, key) : tokens;
    }

    private List<SpecialToken> ofIds(String source, ObjectNode root, String key) {
        JsonNode value = root.path(key);
        if (value.isMissingNode() || key.equals("pad_token_id") && value.asInt() < 0) { // some files say -1 for none
            return List.of();
        }
        Path file = folder.resolve(source);
        int vocabulary = modelConfig.path("vocab_size").asInt(Integer.MAX_VALUE);
        List<SpecialToken> tokens = new ArrayList<>();
        for (int id : TokenIds.of(file, key, value)) {
            if (id >= vocabulary) {
                throw new InvalidInputException(file + " has the " + key + " " + id + ", outside the vocabulary of " + vocabulary
                        + " in " + MODEL_CONFIG);
            }
            tokens.add(new SpecialToken(id, tokenizer == null ? null : tokenizer.textOf(id).orElse(null), source));
        }
        return tokens;
    }

    private SpecialToken usualEnd() {
        for (String text : USUAL_ENDS) {
            for (JsonNode added : tokenizer == null ? List.<JsonNode>of() : tokenizer.added()) {
                if (added.path("content").asText().equals(text)) {
                    return new SpecialToken(tokenizer.idOf(text).getAsInt(), text, "the name that it usually has");
                }
            }
        }
        return null;
    }
}
