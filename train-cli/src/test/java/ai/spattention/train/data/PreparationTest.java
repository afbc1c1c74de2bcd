package ai.spattention.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.olmoe.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.OptionalInt;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreparationTest {

    @TempDir
    private Path folder;

    @Test
    void documentsComeInTheirOrderEachWithEos() throws IOException {
        PreparedData data = prepare(new ByteTokenizer(), "ab", "ä", "c");
        assertArrayEquals(new long[] {'a', 'b', 256, 0xC3, 0xA4, 256, 'c', 256}, ids(Split.TRAIN, 2));
        assertEquals(new Manifest.TokenizerInfo("bytes", new ByteTokenizer().digest(), 257, 256), data.manifest().tokenizer());
        assertEquals(TokenWidth.UINT16, data.manifest().dtype());
        assertEquals(8, data.manifest().tokens(Split.TRAIN));
        assertEquals(3, data.manifest().documents(Split.TRAIN));
        assertEquals(0, data.manifest().documents(Split.VALIDATION));
        assertEquals(Map.of("from", "a test", "text_bytes_train", "5", "text_bytes_validation", "0"), data.manifest().settings());
        assertEquals(data.manifest(), PreparedData.open(folder).manifest());
    }

    @Test
    void largeVocabulariesTakeFourBytes() throws IOException {
        prepare(new FakeTokenizer(100_278, 100_000, OptionalInt.of(100_257)), "A", "B");
        assertArrayEquals(new long[] {100_065, 100_257, 100_066, 100_257}, ids(Split.TRAIN, 4));
    }

    @Test
    void heldOutDocumentsGoIntoTheValidationSplit() throws IOException {
        PreparedData data = run(List.of("a", "held", "b").iterator(), new ByteTokenizer(), "held");
        assertArrayEquals(new long[] {'a', 256, 'b', 256}, ids(Split.TRAIN, 2));
        assertArrayEquals(new long[] {'h', 'e', 'l', 'd', 256}, ids(Split.VALIDATION, 2));
        assertEquals(2, data.manifest().documents(Split.TRAIN));
        assertEquals(1, data.manifest().documents(Split.VALIDATION));
    }

    @Test
    void emptyAndBlankDocumentsAreLeftOut() throws IOException {
        PreparedData data = prepare(new ByteTokenizer(), "", "a", " \n\t\r\n", " b");
        assertArrayEquals(new long[] {'a', 256, ' ', 'b', 256}, ids(Split.TRAIN, 2));
        assertEquals(2, data.manifest().documents(Split.TRAIN));
    }

    @Test
    void withoutAnyTextThereIsNothingToLearnFrom() {
        String told = "there is no text to learn from: every document is empty or held out";
        assertEquals(told, messageFor(new ByteTokenizer(), "", "  "));
        assertEquals(told, messageFor(new ByteTokenizer()));
        assertEquals(told, messageFor(new ByteTokenizer(), "held"));
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
    void tellsHowManyCharactersAreDone() throws IOException {
        List<Long> told = new ArrayList<>();
        Preparation.run(documents(List.of("abc", "", "ä€").iterator()), new ByteTokenizer(), document -> false, Map.of(), folder, told::add);
        assertEquals(List.of(3L, 3L, 5L), told);
    }

    /** A folder whose preparation failed must not look like the earlier one that it half replaced. */
    @Test
    void aFolderThatWasNotFinishedIsNoPreparedData() throws IOException {
        prepare(new ByteTokenizer(), "earlier");
        Iterator<String> failing = new Iterator<>() {
            private boolean given;

            @Override
            public boolean hasNext() {
                return true;
            }

            @Override
            public String next() {
                if (given) {
                    throw new NoSuchElementException("the source failed");
                }
                given = true;
                return "a";
            }
        };
        assertThrows(NoSuchElementException.class, () -> run(failing, new ByteTokenizer(), ""));
        assertThrows(InvalidInputException.class, () -> PreparedData.open(folder));
    }

    @Test
    void aFolderCanBePreparedAgain() throws IOException {
        String first = prepare(new ByteTokenizer(), "something long").manifest().fingerprint();
        prepare(new ByteTokenizer(), "else");
        assertArrayEquals(new long[] {'e', 'l', 's', 'e', 256}, ids(Split.TRAIN, 2));
        assertEquals(first, prepare(new ByteTokenizer(), "something long").manifest().fingerprint());
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
        return run(List.of(texts).iterator(), tokenizer, "held");
    }

    private PreparedData run(Iterator<String> texts, Tokenizer tokenizer, String heldOut) throws IOException {
        return Preparation.run(documents(texts), tokenizer, document -> document.text().equals(heldOut), Map.of("from", "a test"),
                folder, characters -> { });
    }

    private String messageFor(Tokenizer tokenizer, String... texts) {
        return assertThrows(InvalidInputException.class, () -> prepare(tokenizer, texts)).getMessage();
    }

    private static Iterator<Document> documents(Iterator<String> texts) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return texts.hasNext();
            }

            @Override
            public Document next() {
                String text = texts.next();
                return new Document(text, text);
            }
        };
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
