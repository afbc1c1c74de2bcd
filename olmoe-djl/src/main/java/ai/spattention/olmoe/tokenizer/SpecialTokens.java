package ai.spattention.olmoe.tokenizer;

import ai.spattention.common.InvalidInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The special tokens of a model's or a tokenizer's folder, by the rules of Hugging Face transformers.
 *
 * <p>The tokenizer's own BOS, EOS and PAD are those of {@code special_tokens_map.json}, else of {@code tokenizer_config.json};
 * where the latter has {@code added_tokens_decoder}, the former is old and not read. What both leave open has the default of
 * the tokenizer class that OLMoE has, {@code <|endoftext|>} for BOS and EOS; then come {@code generation_config.json} and {@code
 * config.json}, and for EOS at last the names that people usually give it. {@code add_bos_token} and {@code add_eos_token} say
 * nothing beside a {@code tokenizer.json}, whose post-processor adds what is to be added.
 *
 * <p>Generation ends at the ids of {@code generation_config.json}, else at those of {@code config.json}, else at EOS.
 *
 * @param bos what begins a text, or null
 * @param eos what ends a document, or null
 * @param pad what fills, or null
 * @param ends what ends generation, none or more
 */
public record SpecialTokens(SpecialToken bos, SpecialToken eos, SpecialToken pad, List<SpecialToken> ends) {

    /**
     * Reads a folder's files, of which each may be absent.
     *
     * @param folder the folder
     * @return its special tokens
     * @throws InvalidInputException if a file is damaged, or names a token or an id that is not there
     */
    public static SpecialTokens read(Path folder) {
        Path file = folder.resolve(Tokenizers.FILE);
        return SpecialTokenFiles.read(folder, Files.exists(file) ? TokenizerJson.read(file) : null);
    }

    /**
     * What stands before a text that has nothing before it, as lm-evaluation-harness has it.
     *
     * @return BOS, else EOS, else empty
     */
    public Optional<SpecialToken> prefix() {
        return Optional.ofNullable(bos).or(() -> Optional.ofNullable(eos));
    }
}
