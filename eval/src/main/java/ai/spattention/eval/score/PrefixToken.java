package ai.spattention.eval.score;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.tokenizer.SpecialToken;
import ai.spattention.olmoe.tokenizer.SpecialTokens;
import ai.spattention.olmoe.tokenizer.Tokenizer;

/**
 * The token that stands before a text that has nothing before it: the one that begins texts, else the one that ends them.
 *
 * @param id its id
 * @param beginsText the text of the token that begins texts, or null if the tokenizer has none
 */
public record PrefixToken(int id, String beginsText) {

    /**
     * Finds a model's token.
     *
     * @param special the special tokens of the model's folder
     * @param tokenizer its tokenizer, for messages
     * @return the token
     * @throws InvalidInputException if nothing begins or ends a text
     */
    public static PrefixToken of(SpecialTokens special, Tokenizer tokenizer) {
        SpecialToken prefix = special.prefix().orElseThrow(() -> none(tokenizer));
        return new PrefixToken(prefix.id(), special.bos() == null ? null : special.bos().text());
    }

    /**
     * The token that ends texts.
     *
     * @param tokenizer a model's tokenizer
     * @return the token
     * @throws InvalidInputException if there is none
     */
    public static PrefixToken endOfText(Tokenizer tokenizer) {
        return new PrefixToken(tokenizer.eosId().orElseThrow(() -> none(tokenizer)), null);
    }

    private static InvalidInputException none(Tokenizer tokenizer) {
        return new InvalidInputException("the tokenizer " + tokenizer.name()
                + " has no token that begins or ends a text; one is needed where a text has no context");
    }
}
