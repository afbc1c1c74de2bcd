package ai.spattention.olmoe.generate;

import ai.spattention.olmoe.tokenizer.Tokenizer;
import java.util.Arrays;

/**
 * Turns tokens into text as they come, in whole characters: what a token brings of a character whose other bytes are still to
 * come is held back. Not safe for use by several threads at once.
 */
public final class TextPieces {

    private final Tokenizer tokenizer;
    private int[] ids = {};
    private int given;

    /**
     * Starts a text.
     *
     * @param tokenizer the model's tokenizer
     */
    public TextPieces(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * Adds a token.
     *
     * @param id its id
     * @return the text that is new, perhaps empty
     */
    public String add(long id) {
        ids = Arrays.copyOf(ids, ids.length + 1);
        ids[ids.length - 1] = Math.toIntExact(id);
        String text = tokenizer.decode(ids);
        int end = text.length();
        while (end > given && text.charAt(end - 1) == '\uFFFD') {
            end--;
        }
        return piece(text, end);
    }

    /**
     * Ends the text.
     *
     * @return what was held back, perhaps empty
     */
    public String end() {
        String text = tokenizer.decode(ids);
        return piece(text, text.length());
    }

    private String piece(String text, int end) {
        if (end <= given) {
            return "";
        }
        String piece = text.substring(given, end);
        given = end;
        return piece;
    }
}
