package ai.spattention.eval.probe;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ByteCountTest {

    private final ByteCount count = new ByteCount(new ByteTokenizer(), ByteTokenizer.EOS);

    private void add(String text) {
        for (int id : new ByteTokenizer().encode(text)) {
            count.add(id);
        }
    }

    /** With a token a byte, characters are cut by tokens, and stretches end within them. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 16_381, 16_382, 16_383, 16_384, 40_000})
    void charactersAreCountedWhole(int before) {
        String text = "x".repeat(before) + "\u00e9\u20ac\ud83d\ude00".repeat(4_000);
        add(text);
        assertEquals(text.getBytes(StandardCharsets.UTF_8).length, count.bytes());
        assertEquals(count.bytes(), count.bytes());
    }

    @Test
    void theEndOfADocumentHasNoBytes() {
        count.add(ByteTokenizer.EOS);
        add("ab");
        count.add(ByteTokenizer.EOS);
        add("c");
        assertEquals(3, count.bytes());
    }

    /** Bytes that never form a character do not pile up. */
    @Test
    void brokenTextEndsAStretchToo() {
        for (int i = 0; i < 50_000; i++) {
            count.add(0xFF);
        }
        assertEquals(150_000, count.bytes()); // each is decoded as U+FFFD
    }
}
