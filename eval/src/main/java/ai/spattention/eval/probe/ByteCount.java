package ai.spattention.eval.probe;

import ai.spattention.olmoe.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Counts the bytes of UTF-8 that tokens stand for, in stretches that end where a document does or a character is whole: the bytes of
 * one character may lie in several tokens. What ends a document has none.
 */
final class ByteCount implements WindowProbe {

    private static final int STRETCH = 1 << 14;

    /** A character that is whole after no more tokens than these never is. */
    private static final int LONGEST_CHARACTER = 16;

    private final Tokenizer tokenizer;
    private final int eosId;
    private final int[] ids = new int[STRETCH + LONGEST_CHARACTER];
    private int size;
    private long bytes;

    ByteCount(Tokenizer tokenizer, int eosId) {
        this.tokenizer = tokenizer;
        this.eosId = eosId;
    }

    /** Counts a window's targets. */
    @Override
    public void add(TokenWindow window, float[] losses) {
        for (int position = 0; position < window.length(); position++) {
            add(window.target(position));
        }
    }

    void add(long id) {
        if (id == eosId) {
            end();
            return;
        }
        ids[size++] = Math.toIntExact(id);
        if (size >= STRETCH) {
            String text = text();
            if (!text.endsWith("\uFFFD") || size == ids.length) {
                count(text);
            }
        }
    }

    private void end() {
        if (size > 0) {
            count(text());
        }
    }

    private String text() {
        return tokenizer.decode(Arrays.copyOf(ids, size));
    }

    private void count(String text) {
        bytes += text.getBytes(StandardCharsets.UTF_8).length;
        size = 0;
    }

    /** The bytes of all tokens so far, of which the last should end a character. */
    long bytes() {
        end();
        return bytes;
    }
}
