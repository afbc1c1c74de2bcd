package ai.spattention.train.data.source;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.olmoe.tokenizer.Tokenizers;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class TextCutterTest {

    private static List<String> cut(String text, Tokenizer tokenizer) throws IOException {
        TextCutter cutter = new TextCutter("a.txt", new StringReader(text), tokenizer);
        List<String> pieces = new ArrayList<>();
        do {
            pieces.add(cutter.next());
        } while (!cutter.atEnd());
        return pieces;
    }

    /** Words, code and characters outside the first plane, without lines. */
    private static String words(int length) {
        Random random = new Random(7);
        String[] words = {" the", " of", "ing", " 12", "345", "  ", "\n", ".\n", "\t{", "};", "\u00e4\u00f6", "\ud83d\ude00", "don't", " x"};
        StringBuilder text = new StringBuilder();
        while (text.length() < length) {
            text.append(words[random.nextInt(words.length)]);
        }
        return text.toString();
    }

    @Test
    void piecesMakeTheWhole() throws IOException {
        for (String text : List.of("", "short", words(TextCutter.PIECE), words(5 * TextCutter.PIECE / 2),
                "\ud83d\ude00".repeat(TextCutter.PIECE))) {
            List<String> pieces = cut(text, new ByteTokenizer());
            assertEquals(text, String.join("", pieces));
        }
        assertTrue(cut(words(3 * TextCutter.PIECE), new ByteTokenizer()).size() > 2);
    }

    @Test
    void piecesGetTheIdsOfTheWhole() throws IOException {
        Path file = Path.of(System.getProperty("spattention.shared", "../../shared"),
                "tokenizers/allenai_gpt-neox-olmo-dolma-v1_5.json");
        Assumptions.assumeTrue(Files.exists(file), file + " is absent");
        String text = words(TextCutter.PIECE + TextCutter.PIECE / 2);
        try (Tokenizer olmo = Tokenizers.load(file, null)) {
            List<String> pieces = cut(text, olmo);
            assertEquals(2, pieces.size());
            assertArrayEquals(olmo.encodeOrdinary(text),
                    pieces.stream().flatMapToInt(piece -> Arrays.stream(olmo.encodeOrdinary(piece))).toArray());
        }
    }

    /** A tokenizer that begins every text with an id, as those do that put a space before it. */
    @Test
    void aTokenizerThatCannotWorkInPartsGetsTheWholeOrNothing() throws IOException {
        Tokenizer prefixing = new Prefixing();
        String text = words(3 * TextCutter.PIECE);
        assertEquals(List.of(text), cut(text, prefixing));
        String message = assertThrows(InvalidInputException.class,
                () -> cut("ab cd\n".repeat(TextCutter.LONGEST / 6 + 1000), prefixing)).getMessage();
        assertEquals("a.txt is a document of more than 16777216 characters, and the tokenizer prefixing"
                + " would encode it differently in parts: split it into several documents", message);
    }

    private static final class Prefixing implements Tokenizer {

        @Override
        public String name() {
            return "prefixing";
        }

        @Override
        public int vocabSize() {
            return 1 << 16;
        }

        @Override
        public OptionalInt eosId() {
            return OptionalInt.of(0);
        }

        @Override
        public int[] encode(String text) {
            return encodeOrdinary(text);
        }

        @Override
        public int[] encodeOrdinary(String text) {
            return (" " + text).chars().toArray();
        }

        @Override
        public String decode(int[] ids) {
            return new String(ids, 1, ids.length - 1);
        }

        @Override
        public String toJson() {
            return "{}";
        }

        @Override
        public void close() {
            // holds nothing
        }
    }
}
