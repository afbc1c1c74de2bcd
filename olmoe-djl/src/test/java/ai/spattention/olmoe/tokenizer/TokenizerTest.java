package ai.spattention.olmoe.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.SharedFiles;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {

    private static final String TEXT = "public int f(x) { return \"ä€😀\"; }\n\t  <|endoftext|> end";

    @TempDir
    private Path folder;

    @Test
    void bytesComeBack() {
        try (Tokenizer bytes = new ByteTokenizer()) {
            assertEquals(TEXT, bytes.decode(bytes.encode(TEXT)));
            assertEquals("ab", bytes.decode(new int[] {'a', 256, 'b'}));
            assertEquals("\uFFFD", bytes.decode(new int[] {0xC3}));
            assertThrows(InvalidInputException.class, () -> bytes.decode(new int[] {257}));
        }
    }

    /** The file written for the byte tokenizer means the same to Hugging Face's library. */
    @Test
    void theByteTokenizersFileIsHuggingFaces() throws IOException {
        ByteTokenizer bytes = new ByteTokenizer();
        Path file = Files.writeString(folder.resolve("tokenizer.json"), bytes.toJson());
        assertInstanceOf(ByteTokenizer.class, Tokenizers.load(folder.toString()));
        try (Tokenizer theirs = HuggingFaceTokenizer.of(TokenizerJson.of(file, bytes.toJson()), OptionalInt.of(256))) {
            assertArrayEquals(bytes.encode(TEXT), theirs.encodeOrdinary(TEXT));
            assertArrayEquals(bytes.encode("añ 1"), theirs.encode("añ 1"));
            assertEquals(257, theirs.vocabSize());
            assertEquals(256, theirs.eosId().getAsInt());
            assertEquals(TEXT, theirs.decode(bytes.encode(TEXT)));
            assertArrayEquals(new int[] {256, 'x'}, theirs.encode("<|endoftext|>x"));
        }
    }

    @Test
    void longTextIsNotCutAndSpecialTextStaysText() {
        try (Tokenizer olmo = Tokenizers.load(SharedFiles.find("tokenizers/allenai_gpt-neox-olmo-dolma-v1_5.json"), null)) {
            assertEquals(50_280, olmo.vocabSize());
            assertEquals(50_279, olmo.eosId().getAsInt());
            assertArrayEquals(new int[] {12092, 1533}, olmo.encode("Hello world"));
            assertEquals(4000, olmo.encode(" a".repeat(4000)).length);
            assertEquals(4000, olmo.encodeOrdinary(" a".repeat(4000)).length);
            int[] special = olmo.encode("x<|endoftext|>y");
            assertTrue(Arrays.stream(special).anyMatch(id -> id == 50_279));
            int[] ordinary = olmo.encodeOrdinary("x<|endoftext|>y");
            assertFalse(Arrays.stream(ordinary).anyMatch(id -> id == 50_279));
            assertEquals("x<|endoftext|>y", olmo.decode(ordinary));
            // text without special tokens gets the same ids either way, runs of spaces included
            String code = "for (int i = 0; i < 3; i++) {\n        f(i);\n}\n";
            assertArrayEquals(olmo.encode(code), olmo.encodeOrdinary(code));
            assertEquals(TEXT, olmo.decode(olmo.encodeOrdinary(TEXT)));
        }
    }

    /** Even where the special token's text is a word of the model, and whatever the file says of cutting and padding. */
    @Test
    void ordinaryTextGetsNoSpecialId() {
        String json = """
                {"version": "1.0",
                 "truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0},
                 "padding": {"strategy": {"Fixed": 9}, "direction": "Right", "pad_id": 0, "pad_type_id": 0, "pad_token": "<unk>"},
                 "added_tokens": [
                   {"id": 0, "content": "<unk>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
                   {"id": 1, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
                 "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": null,
                 "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": false,
                   "vocab": [["<unk>", 0], ["</s>", 0], ["<", -3], ["/", -3], ["s", -3], [">", -3], ["a", -2]]}}""";
        try (Tokenizer unigram = HuggingFaceTokenizer.of(TokenizerJson.of(folder, json), OptionalInt.empty())) {
            assertArrayEquals(new int[] {6, 1, 6}, unigram.encode("a</s>a"));
            assertArrayEquals(new int[] {6, 2, 3, 4, 5, 6}, unigram.encodeOrdinary("a</s>a"));
            assertArrayEquals(new int[] {6, 0, 6}, unigram.encodeOrdinary("a?a"));
        }
    }

    @Test
    void takingSpecialTokensOutLeavesTheOthersTheirIds() throws IOException {
        ObjectNode root = (ObjectNode) new ObjectMapper().readTree(new ByteTokenizer().toJson());
        ObjectNode tool = root.withArray("added_tokens").get(0).deepCopy();
        root.withArray("added_tokens").add(tool.put("id", 257).put("content", "<tool>").put("special", false));
        try (Tokenizer tokenizer = HuggingFaceTokenizer.of(TokenizerJson.of(Path.of("tokenizer.json"), root.toString()),
                OptionalInt.empty())) {
            assertArrayEquals(new int[] {'a', 257, 'b'}, tokenizer.encodeOrdinary("a<tool>b"));
            assertArrayEquals(new int[] {'a', 257, 'b'}, tokenizer.encode("a<tool>b"));
            assertEquals("<|endoftext|>".length(), tokenizer.encodeOrdinary("<|endoftext|>").length);
        }
    }

    @Test
    void bytesEndDocumentsWithOneIdOnly() throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), new ByteTokenizer().toJson());
        for (String where : List.of("bytes", folder.toString())) {
            assertEquals(256, Tokenizers.load(where, 256).eosId().getAsInt());
            assertEquals("the byte tokenizer ends documents with the id 256, no other can be chosen (got 5)",
                    assertThrows(InvalidInputException.class, () -> Tokenizers.load(where, 5)).getMessage());
        }
    }

    @Test
    void saysWhatIsWrong() throws IOException {
        Path file = Files.writeString(folder.resolve("tokenizer.json"), "{\"a\":1}");
        assertEquals(file + " is not a tokenizer.json: it has no object 'model'",
                assertThrows(InvalidInputException.class, () -> Tokenizers.load(folder.toString())).getMessage());
        Files.writeString(file, "{\"model\":{\"type\":\"none\"}}");
        assertTrue(assertThrows(InvalidInputException.class, () -> Tokenizers.load(folder.toString())).getMessage()
                .startsWith(file + " is not a tokenizer.json that can be used: "));
        Path absent = folder.resolve("absent.json");
        assertEquals("cannot read the tokenizer " + absent + ": it must be a tokenizer.json in UTF-8, or 'bytes'",
                assertThrows(InvalidInputException.class, () -> Tokenizers.load(absent, null)).getMessage());
    }
}
