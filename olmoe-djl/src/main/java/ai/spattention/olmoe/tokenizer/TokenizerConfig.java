package ai.spattention.olmoe.tokenizer;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;

/** Writes the {@code tokenizer_config.json} by which transformers, and {@link SpecialTokens}, find a tokenizer's special tokens. */
public final class TokenizerConfig {

    private TokenizerConfig() {}

    /**
     * Tells a tokenizer's special tokens: documents end with its EOS, and nothing begins or fills them.
     *
     * @param tokenizer the tokenizer
     * @return JSON text
     */
    public static String of(Tokenizer tokenizer) {
        TokenizerJson json = TokenizerJson.of(Path.of(tokenizer.name()), tokenizer.toJson());
        String eos = null;
        if (tokenizer.eosId().isPresent()) {
            eos = json.textOf(tokenizer.eosId().getAsInt()).filter(text -> json.idOf(text).equals(tokenizer.eosId())).orElse(null);
        }
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("tokenizer_class", "PreTrainedTokenizerFast");
        root.putNull("bos_token");
        root.put("eos_token", eos);
        root.putNull("pad_token");
        root.put("clean_up_tokenization_spaces", false);
        return root.toPrettyString() + "\n";
    }
}
