package ai.spattention.olmoe.tokenizer;

import ai.spattention.olmoe.io.Sha256;
import java.util.OptionalInt;

/** Turns text into token ids and back. Implementations may be used by several threads at once. */
public interface Tokenizer extends AutoCloseable {

    /**
     * The name by which people know the tokenizer.
     *
     * @return a short name
     */
    String name();

    /**
     * The number of ids: every id lies in [0, vocabSize).
     *
     * @return one more than the largest id
     */
    int vocabSize();

    /**
     * The id that ends a document.
     *
     * @return the id, or empty if the tokenizer has none
     */
    OptionalInt eosId();

    /**
     * Encodes as the tokenizer does by default: the text of a special token becomes that token. For prompts and
     * evaluation.
     *
     * @param text any text
     * @return its ids, however many
     */
    int[] encode(String text);

    /**
     * Encodes as {@link #encode}, but adds nothing at the ends. A tokenizer that never does need not override it.
     *
     * @param text any text
     * @return its ids, however many
     */
    default int[] encodeBare(String text) {
        return encode(text);
    }

    /**
     * Encodes text that only happens to contain the text of special tokens: it stays ordinary text. For training data.
     *
     * @param text any text
     * @return its ids, however many, none of them a special token's
     */
    int[] encodeOrdinary(String text);

    /**
     * Turns ids into text; special tokens are left out.
     *
     * @param ids token ids
     * @return the text
     */
    String decode(int[] ids);

    /**
     * The content of a {@code tokenizer.json} that makes the same tokenizer, here and in Hugging Face's library.
     *
     * @return JSON text
     */
    String toJson();

    /**
     * What the tokenizer is, for comparison.
     *
     * @return the SHA-256 of {@link #toJson()}, in lower-case hexadecimal
     */
    default String digest() {
        return Sha256.of(toJson());
    }

    @Override
    void close();
}
