package ai.spattention.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.olmoe.tokenizer.Tokenizers;
import ai.spattention.train.Document;
import ai.spattention.train.TextData;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The ids that texts become. */
class PreparedTokensTest {

    @TempDir
    private Path folder;

    @Test
    void everyDocumentEndsWithEos() throws IOException {
        PreparedData data = prepare(new ByteTokenizer(), "ab", "ab", "ab");
        assertArrayEquals(new long[] {'a', 'b', 256, 'a', 'b', 256, 'a', 'b', 256}, ids(Split.TRAIN, 2));
        assertEquals(new Manifest.TokenizerInfo("bytes", new ByteTokenizer().digest(), 257, 256), data.manifest().tokenizer());
        assertEquals(TokenWidth.UINT16, data.manifest().dtype());
        assertEquals(9, data.manifest().tokens(Split.TRAIN));
        assertEquals(3, data.manifest().documents(Split.TRAIN));
        assertEquals(0, data.manifest().documents(Split.VALIDATION));
        assertEquals("6", data.manifest().settings().get("text_bytes_train"));
        assertEquals(data.manifest(), PreparedData.open(folder).manifest());
    }

    @Test
    void largeVocabulariesTakeFourBytes() throws IOException {
        prepare(new FakeTokenizer(100_278, 100_000, OptionalInt.of(100_257)), "A");
        assertArrayEquals(new long[] {100_065, 100_257}, ids(Split.TRAIN, 4));
    }

    @Test
    void heldOutDocumentsGoIntoTheValidationSplit() throws IOException {
        PreparedData data = prepare(new ByteTokenizer(), "a", "held", "a");
        assertArrayEquals(new long[] {'a', 256, 'a', 256}, ids(Split.TRAIN, 2));
        assertArrayEquals(new long[] {'h', 'e', 'l', 'd', 256}, ids(Split.VALIDATION, 2));
        assertEquals(2, data.manifest().documents(Split.TRAIN));
        assertEquals(1, data.manifest().documents(Split.VALIDATION));
    }

    @Test
    void emptyAndBlankDocumentsAreLeftOut() throws IOException {
        PreparedData data = prepare(new ByteTokenizer(), "", " \n\t\r\n", " b");
        assertArrayEquals(new long[] {' ', 'b', 256}, ids(Split.TRAIN, 2));
        assertEquals(1, data.manifest().documents(Split.TRAIN));
    }

    @Test
    void withoutAnyTextThereIsNothingToLearnFrom() {
        assertEquals("there is no text to learn from: the input holds 2 documents, all of them empty", messageFor(new ByteTokenizer(), "", "  "));
        assertEquals("there is no text to learn from: the input holds 0 documents, all of them empty", messageFor(new ByteTokenizer(), "held"));
        assertFalse(Files.exists(folder.resolve("manifest.json")));
    }

    @Test
    void textThatLooksLikeASpecialTokenStaysText() throws IOException {
        Tokenizer tokenizer = mergingTokenizer();
        String text = "x<|endoftext|>y ab";
        assertTrue(Arrays.stream(tokenizer.encode(text)).anyMatch(id -> id == 257), "the test's tokenizer has a special token");
        try (tokenizer) {
            prepare(tokenizer, text);
        }
        long[] ids = ids(Split.TRAIN, 2);
        byte[] bytes = "x<|endoftext|>y ".getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < bytes.length; i++) {
            assertEquals(bytes[i], ids[i], "token " + i);
        }
        assertArrayEquals(new long[] {256, 257}, Arrays.copyOfRange(ids, bytes.length, ids.length), "the merged ab, and the end");
    }

    @Test
    void theSameTokenizerComesBackFromTheFolder() throws IOException {
        Tokenizer tokenizer = mergingTokenizer();
        try (tokenizer; Tokenizer again = prepare(tokenizer, "ab").tokenizer()) {
            assertEquals(tokenizer.digest(), again.digest());
            assertArrayEquals(new int[] {256, 'c'}, again.encodeOrdinary("abc"));
            assertEquals(OptionalInt.of(257), again.eosId());
        }
    }

    @Test
    void aTokenizerWithoutEosIsRefused() {
        assertEquals("tokenizer fake has no token that ends a document: name its id with --eos-id",
                messageFor(new FakeTokenizer(300, 0, OptionalInt.empty()), "a"));
    }

    @Test
    void aFullDiskIsNamed() throws IOException {
        Path full = Path.of("/dev/full");
        Assumptions.assumeTrue(Files.exists(full), "this system has no device that is always full");
        Path table = Files.createDirectories(folder.resolve(Preparation.WORK)).resolve("train-part-00000.csv");
        Files.createSymbolicLink(table, full);
        assertEquals("the disk is full: cannot write " + folder + "; free some space or choose another folder",
                messageFor(new ByteTokenizer(), "a"));
        assertFalse(Files.exists(folder.resolve("manifest.json")));
        Files.delete(table);
    }

    private PreparedData prepare(Tokenizer tokenizer, String... texts) throws IOException {
        List<Document> documents = IntStream.range(0, texts.length).mapToObj(i -> new Document("document " + i, texts[i])).toList();
        return TextData.prepare(documents, tokenizer, document -> document.text().equals("held"), folder);
    }

    private String messageFor(Tokenizer tokenizer, String... texts) {
        return assertThrows(InvalidInputException.class, () -> prepare(tokenizer, texts)).getMessage();
    }

    /** A tokenizer of Hugging Face's library: bytes, {@code ab} merged into 256, and the special token 257. */
    private Tokenizer mergingTokenizer() throws IOException {
        Path file = Files.writeString(Files.createTempFile("tokenizer", ".json"), new ByteTokenizer().toJson()
                .replace("\"id\" : 256", "\"id\" : 257")
                .replace("\"vocab\" : {", "\"vocab\" : { \"ab\" : 256,")
                .replace("\"merges\" : [ ]", "\"merges\" : [ \"a b\" ]"));
        try {
            return Tokenizers.load(file, null);
        } finally {
            Files.delete(file);
        }
    }

    private long[] ids(Split split, int bytes) throws IOException {
        return PreparedFolders.ids(folder.resolve(split.folder()).resolve("part-00000.npy"), bytes);
    }
}
