package ai.spattention.train.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.io.Sha256;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.train.Document;
import ai.spattention.train.TextData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataVerificationTest {

    @TempDir
    private Path folder;

    private Path shard;

    @BeforeEach
    void prepare() throws IOException {
        TextData.prepare(List.of(new Document("a", "some text"), new Document("b", "more"), new Document("held", "x")),
                new ByteTokenizer(), document -> document.source().equals("held"), folder);
        shard = folder.resolve("train/part-00000.npy");
    }

    private String refused() {
        return assertThrows(InvalidInputException.class, () -> DataVerification.verify(PreparedData.open(folder))).getMessage();
    }

    private void changeManifest(String from, String to) throws IOException {
        Path file = folder.resolve(Manifest.FILE);
        String json = Files.readString(file);
        assertTrue(json.contains(from), from);
        Files.writeString(file, json.replace(from, to));
    }

    /** Changes a shard and its digest, as somebody who means to would. */
    private void changeShard(int at, int value) throws IOException {
        String before = Sha256.of(List.of(shard));
        byte[] bytes = Files.readAllBytes(shard);
        bytes[at] = (byte) value;
        Files.write(shard, bytes);
        changeManifest(before, Sha256.of(List.of(shard)));
    }

    @Test
    void whatWasWrittenIsWhole() throws IOException {
        DataVerification.verify(PreparedData.open(folder));
    }

    @Test
    void aChangedByteIsNamedInEitherSplit() throws IOException {
        for (String split : List.of("train", "validation")) {
            Path file = folder.resolve(split + "/part-00000.npy");
            byte[] bytes = Files.readAllBytes(file);
            bytes[0] ^= 1;
            Files.write(file, bytes);
            assertTrue(refused().startsWith(file + " is not what was written: its digest is "), refused());
            bytes[0] ^= 1;
            Files.write(file, bytes);
        }
    }

    @Test
    void anIdOutsideTheVocabularyIsNamed() throws IOException {
        changeShard(7, 2); // the fourth id, of two bytes, becomes 512 and more
        assertEquals(shard + " holds an id outside the vocabulary of 257 at token 3: prepare the data again", refused());
    }

    @Test
    void anotherEndOfDocumentIsNoticed() throws IOException {
        changeManifest("\"eos_id\" : 256", "\"eos_id\" : 0");
        assertEquals("the byte tokenizer ends documents with the id 256, no other can be chosen (got 0)", refused());
    }

    @Test
    void documentsThatDoNotEndAreNoticed() throws IOException {
        changeManifest("\"documents\" : 2", "\"documents\" : 3");
        assertTrue(refused().contains("256 2 times, the manifest says that 3 documents end in it"), refused());
    }

    @Test
    void aVocabularyThatIsNotTheTokenizersIsRefused() throws IOException {
        changeManifest("\"vocab_size\" : 257", "\"vocab_size\" : 300");
        assertEquals(folder.resolve("manifest.json") + " is damaged: it says that the tokenizer has 300 ids, but it has 257",
                refused());
    }

    @Test
    void anotherTokenizerIsRefused() throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), Files.readString(folder.resolve("tokenizer.json")) + " ");
        assertTrue(refused().contains("is not the tokenizer that made the data"), refused());
    }
}
