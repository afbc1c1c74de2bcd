package ai.spattention.eval.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.SharedFiles;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.olmoe.tokenizer.SpecialToken;
import ai.spattention.olmoe.tokenizer.SpecialTokens;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.olmoe.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** Bytes are their own tokens, so that the expected ids can be read; 256 ends a text. */
class RequestEncoderTest {

    private final Tokenizer bytes = new ByteTokenizer();

    private TargetTokens encode(String context, String continuation) {
        return encode(100, context, continuation);
    }

    private TargetTokens encode(int maxLength, String context, String continuation) {
        return new RequestEncoder(bytes, new PrefixToken(256, null), maxLength)
                .encode(new LogLikelihoodRequest("task document 3 choice 1", 3, context, continuation));
    }

    private static String text(int... ids) {
        byte[] text = new byte[ids.length];
        for (int i = 0; i < ids.length; i++) {
            text[i] = (byte) (ids[i] == 256 ? '$' : ids[i]);
        }
        return new String(text, StandardCharsets.UTF_8);
    }

    private static void assertTokens(TargetTokens tokens, String input, String targets) {
        assertEquals(input, text(tokens.input()));
        assertEquals(targets, text(tokens.targets()));
    }

    @Test
    void inputIsAllButTheLastToken() {
        assertTokens(encode("abc", " de"), "abc d", " de");
        assertTokens(encode("abc", "d"), "abc", "d");
    }

    @Test
    void spaceAtTheContextsEndGoesToTheContinuation() {
        assertTokens(encode("abc \n", "de"), "abc \nd", " \nde");
        assertTokens(encode("abc\u00a0", "d"), "abc\u00a0", "\u00a0d");
    }

    @Test
    void anEmptyContextIsThePrefixToken() {
        assertTokens(encode("", "de"), "$d", "de");
        assertTokens(encode("  ", "d"), "$  ", "  d");
    }

    @Test
    void aContinuationThatBeginsWithThePrefixKeepsOne() {
        Tokenizer beginning = new Stub() {
            @Override
            public int[] encode(String text) {
                return Arrays.stream(text.split("")).mapToInt(letter -> letter.charAt(0) == '$' ? 256 : letter.charAt(0)).toArray();
            }
        };
        TargetTokens tokens = new RequestEncoder(beginning, new PrefixToken(256, null), 100)
                .encode(new LogLikelihoodRequest("r", 0, "", "$ab"));
        assertTokens(tokens, "$a", "ab");
    }

    @Test
    void aLongContextLosesItsBeginning() {
        assertTokens(encode(4, "abcdefgh", "ij"), "fghi", "ij");
        assertTokens(encode(3, "abc", "ijk"), "cij", "ijk");
        assertTokens(encode(1, "abc", "i"), "c", "i");
    }

    @Test
    void refusesAContinuationLongerThanTheModelReads() {
        String message = assertThrows(InvalidInputException.class, () -> encode(2, "abc", "ijk")).getMessage();
        assertEquals("task document 3 choice 1 has a continuation of 3 tokens, more than the 2 that the model reads: shorten it,"
                + " or leave the row out", message);
    }

    @Test
    void refusesAnEmptyContinuation() {
        String message = assertThrows(InvalidInputException.class, () -> encode("abc", "")).getMessage();
        assertTrue(message.startsWith("task document 3 choice 1 has an empty continuation"), message);
        assertThrows(InvalidInputException.class, () -> encode("", ""));
    }

    @Test
    void refusesATokenThatSpansTheJoin() {
        Tokenizer pairs = new Stub() { // two letters are one token
            @Override
            public int[] encode(String text) {
                return new int[(text.length() + 1) / 2];
            }
        };
        RequestEncoder encoder = new RequestEncoder(pairs, new PrefixToken(256, null), 100);
        String message = assertThrows(InvalidInputException.class,
                () -> encoder.encode(new LogLikelihoodRequest("arc document 9 choice 2", 0, "abc", "d"))).getMessage();
        assertEquals("arc document 9 choice 2 has an empty continuation: 'd' adds no token to its context, which ends in 'abc'",
                message);
    }

    @Test
    void aRealTokenizersJoinIsThatOfTheWholeText() throws IOException {
        try (Tokenizer olmo = Tokenizers.load(SharedFiles.find("fixtures/tiny-eval"), 50279)) {
            RequestEncoder encoder = new RequestEncoder(olmo, new PrefixToken(50279, null), 1024);
            for (String[] pair : new String[][] {{"Question: Why?\nAnswer:", " because"}, {"The end. ", "caf\u00e9 \ud83d\ude00"},
                {"\u4f60\u597d", "\u4e16\u754c"}}) {
                TargetTokens tokens = encoder.encode(new LogLikelihoodRequest("r", 0, pair[0], pair[1]));
                int[] whole = olmo.encode(pair[0] + pair[1]);
                assertArrayEquals(Arrays.copyOf(whole, whole.length - 1), tokens.input());
                int context = olmo.encode(pair[0].stripTrailing()).length;
                assertArrayEquals(Arrays.copyOfRange(whole, context, whole.length), tokens.targets());
            }
        }
    }

    @Test
    void aTextThatHasItsBeginningGetsNoSecondOne() {
        Tokenizer adds = new Stub() {
            @Override
            public int[] encode(String text) {
                return bytes.encode("^" + text);
            }

            @Override
            public int[] encodeBare(String text) {
                return bytes.encode(text);
            }
        };
        RequestEncoder encoder = new RequestEncoder(adds, new PrefixToken('^', "^"), 100);
        assertTokens(encoder.encode(new LogLikelihoodRequest("r", 0, "ab", "c")), "^ab", "c");
        assertTokens(encoder.encode(new LogLikelihoodRequest("r", 0, "^ab", "c")), "^ab", "c");
        assertTokens(encoder.encode(new LogLikelihoodRequest("r", 0, "", "c")), "^", "c");
    }

    @Test
    void windowsPredictEachTokenOnce() {
        List<TargetTokens> windows = new RequestEncoder(bytes, new PrefixToken(256, null), 4).windows("text", 10, "abcdefghij");
        assertEquals(3, windows.size());
        assertTokens(windows.get(0), "$abc", "abcd");
        assertTokens(windows.get(1), "defg", "efgh");
        assertTokens(windows.get(2), "fghi", "ij"); // reads as much as the model can
        assertEquals(List.of(10L, 11L, 12L), windows.stream().map(TargetTokens::group).toList());
    }

    @Test
    void windowsOfTheEdges() {
        RequestEncoder encoder = new RequestEncoder(bytes, new PrefixToken(256, null), 4);
        assertTokens(encoder.windows("text", 0, "a").get(0), "$", "a");
        assertTokens(encoder.windows("text", 0, "abcd").get(0), "$abc", "abcd");
        assertEquals(1, encoder.windows("text", 0, "abcd").size());
        assertTokens(encoder.windows("text", 0, "abcde").get(1), "abcd", "e");
        assertEquals("page 1 has no text to score",
                assertThrows(InvalidInputException.class, () -> encoder.windows("page 1", 0, "")).getMessage());
    }

    @Test
    void thePrefixIsTheBeginningElseTheEnd() {
        SpecialToken bos = new SpecialToken('^', "^", "tokenizer_config.json");
        SpecialToken eos = new SpecialToken(256, "<|endoftext|>", "tokenizer_config.json");
        assertEquals(new PrefixToken('^', "^"), PrefixToken.of(new SpecialTokens(bos, eos, null, List.of()), bytes));
        assertEquals(new PrefixToken(256, null), PrefixToken.of(new SpecialTokens(null, eos, null, List.of()), bytes));
        assertEquals("the tokenizer bytes has no token that begins or ends a text; one is needed where a text has no context",
                assertThrows(InvalidInputException.class,
                        () -> PrefixToken.of(new SpecialTokens(null, null, eos, List.of(eos)), bytes)).getMessage());
    }

    /** A tokenizer of which a test says what it needs. */
    private static class Stub implements Tokenizer {

        @Override
        public String name() {
            return "stub";
        }

        @Override
        public int vocabSize() {
            return 257;
        }

        @Override
        public OptionalInt eosId() {
            return OptionalInt.empty();
        }

        @Override
        public int[] encode(String text) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int[] encodeOrdinary(String text) {
            throw new UnsupportedOperationException();
        }

        @Override
        public String decode(int[] ids) {
            throw new UnsupportedOperationException();
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
