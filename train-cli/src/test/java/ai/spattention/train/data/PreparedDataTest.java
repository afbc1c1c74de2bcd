package ai.spattention.train.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.train.Document;
import ai.spattention.train.TextData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PreparedDataTest {

    @TempDir
    private Path folder;

    @Test
    void opensWhatWasWritten() throws IOException {
        PreparedData data = PreparedFolders.counting(folder, 20, 6);
        assertEquals(folder, data.folder());
        assertEquals(20, data.manifest().tokens(Split.TRAIN));
        assertEquals(4, data.manifest().shards(Split.TRAIN).size());
    }

    @Test
    void aMissingShardIsNamed() throws IOException {
        PreparedFolders.counting(folder, 20, 6);
        Files.delete(folder.resolve("train/part-00002.npy"));
        assertEquals(folder.resolve("manifest.json") + " lists train/part-00002.npy, which is not there", messageOfOpening());
    }

    @Test
    void aFolderInAShardsPlaceIsNoShard() throws IOException {
        PreparedFolders.counting(folder, 20, 6);
        Files.delete(folder.resolve("train/part-00002.npy"));
        Files.createDirectory(folder.resolve("train/part-00002.npy"));
        assertEquals(folder.resolve("manifest.json") + " lists train/part-00002.npy, which is not there", messageOfOpening());
    }

    @ParameterizedTest(name = "{0} bytes")
    @ValueSource(ints = {0, 11, 13, 14})
    void aShardOfAnotherSizeIsRefused(int bytes) throws IOException {
        PreparedFolders.counting(folder, 20, 6);
        Path shard = folder.resolve("train/part-00001.npy");
        Files.write(shard, new byte[bytes]);
        assertEquals(shard + " has " + bytes + " bytes, the manifest says 6 tokens of 2 bytes: prepare the data again",
                messageOfOpening());
    }

    /** 2^62 tokens of 4 bytes are 2^64 bytes, which a 64-bit product takes for none. */
    @Test
    void aCountThatOverflowsIsNotTakenForAnEmptyShard() throws IOException {
        PreparedFolders.write(folder, 70_000, 100, new int[] {1, 2, 3});
        changeManifest("\"tokens\" : 4,", "\"tokens\" : 4611686018427387904,");
        Files.write(folder.resolve("train/part-00000.npy"), new byte[0]);
        assertTrue(messageOfOpening().contains(" has 0 bytes, the manifest says 4611686018427387904 tokens of 4 bytes"));
    }

    @Test
    void aChangedManifestIsNoticedByItsFingerprint() throws IOException {
        PreparedData data = PreparedFolders.counting(folder, 20, 6);
        changeManifest(data.manifest().shards(Split.TRAIN).get(0).sha256(), "0".repeat(64));
        assertNotEquals(data.manifest().fingerprint(), PreparedData.open(folder).manifest().fingerprint());
    }

    @Test
    void aManifestThatPointsOutsideIsRefused() throws IOException {
        PreparedFolders.counting(folder, 20, 100);
        Files.copy(folder.resolve("train/part-00000.npy"), folder.resolve("part-00000.npy"));
        changeManifest("train/part-00000.npy", "train/../part-00000.npy");
        assertTrue(messageOfOpening().contains("manifest.json is damaged: a shard of split 'train' is "), messageOfOpening());
    }

    @Test
    void strayFilesAreIgnored() throws IOException {
        PreparedFolders.counting(folder, 20, 6);
        Files.write(folder.resolve("train/part-00009.npy"), new byte[3]);
        Files.writeString(folder.resolve("notes.txt"), "mine");
        assertEquals(20, PreparedData.open(folder).manifest().tokens(Split.TRAIN));
    }

    @Test
    void givesTheTokenizerThatMadeTheData() throws IOException {
        try (Tokenizer tokenizer = prepared().tokenizer()) {
            assertInstanceOf(ByteTokenizer.class, tokenizer);
        }
    }

    @Test
    void anotherTokenizerIsRefused() throws IOException {
        PreparedData data = prepared();
        Files.writeString(folder.resolve("tokenizer.json"), "\n", StandardOpenOption.APPEND);
        assertEquals(folder.resolve("tokenizer.json")
                + " is not the tokenizer that made the data: its digest differs from the manifest's",
                assertThrows(InvalidInputException.class, data::tokenizer).getMessage());
        Files.delete(folder.resolve("tokenizer.json"));
        assertThrows(InvalidInputException.class, data::tokenizer);
    }

    private PreparedData prepared() throws IOException {
        return TextData.prepare(List.of(new Document("a", "text")), new ByteTokenizer(), document -> false, folder);
    }

    private void changeManifest(String from, String to) throws IOException {
        Path file = folder.resolve(Manifest.FILE);
        String json = Files.readString(file);
        assertTrue(json.contains(from), from);
        Files.writeString(file, json.replace(from, to));
    }

    private String messageOfOpening() {
        return assertThrows(InvalidInputException.class, () -> PreparedData.open(folder)).getMessage();
    }
}
