package ai.spattention.olmoe.generate;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.tokenizer.SpecialToken;
import ai.spattention.olmoe.tokenizer.SpecialTokens;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import java.util.Arrays;

/**
 * Turns prompts into token ids.
 *
 * @param tokenizer the model's tokenizer
 * @param special the special tokens of its folder
 */
public record Prompts(Tokenizer tokenizer, SpecialTokens special) {

    /**
     * Encodes a prompt. Without any token of its own it becomes the one that begins or ends texts.
     *
     * @param prompt any text
     * @return its ids, at least one
     * @throws InvalidInputException if the text is empty and no token could begin one
     */
    public long[] encode(String prompt) {
        int[] ids = tokenizer.encode(prompt);
        if (ids.length == 0) { // a text begins after the end of another
            ids = new int[] {special.prefix().map(SpecialToken::id).orElseThrow(() -> new InvalidInputException(
                    "the prompt is empty and the tokenizer has no token that could begin a text"))};
        }
        return Arrays.stream(ids).asLongStream().toArray();
    }
}
