package ai.spattention.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import ai.spattention.olmoe.io.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShardWriterTest {

    @TempDir
    private Path folder;

    @Test
    void shardsAreHeaderlessLittleEndianUint16WithEosAtEachDocumentsEnd() throws IOException {
        write(TokenWidth.UINT16, 40_000, 100, new int[] {1, 258}, new int[] {65_535});
        assertArrayEquals(new byte[] {1, 0, 2, 1, 0x40, (byte) 0x9C, -1, -1, 0x40, (byte) 0x9C},
                Files.readAllBytes(folder.resolve("train/part-00000.npy")));
    }

    @Test
    void shardsAreHeaderlessLittleEndianUint32ForLargeVocabularies() throws IOException {
        write(TokenWidth.UINT32, 0x00010203, 100, new int[] {65_536});
        assertArrayEquals(new byte[] {0, 0, 1, 0, 3, 2, 1, 0}, Files.readAllBytes(folder.resolve("train/part-00000.npy")));
    }

    @Test
    void aDocumentLargerThanAShardRunsThroughSeveral() throws IOException {
        List<Manifest.Shard> shards = write(TokenWidth.UINT16, 9, 4, new int[] {1}, new int[] {10, 11, 12, 13, 14, 15, 16, 17, 18},
                new int[] {2});
        assertArrayEquals(new long[] {1, 9, 10, 11}, ids(0));
        assertArrayEquals(new long[] {12, 13, 14, 15}, ids(1));
        assertArrayEquals(new long[] {16, 17, 18, 9}, ids(2));
        assertArrayEquals(new long[] {2, 9}, ids(3));
        assertEquals(List.of(1L, 0L, 1L, 1L), shards.stream().map(Manifest.Shard::documents).toList());
        assertEquals(List.of(4L, 4L, 4L, 2L), shards.stream().map(Manifest.Shard::tokens).toList());
    }

    @Test
    void anEosThatDoesNotFitGoesIntoTheNextShardAndCountsTheDocumentThere() throws IOException {
        List<Manifest.Shard> shards = write(TokenWidth.UINT16, 9, 2, new int[] {1, 2});
        assertArrayEquals(new long[] {1, 2}, ids(0));
        assertArrayEquals(new long[] {9}, ids(1));
        assertEquals(List.of(0L, 1L), shards.stream().map(Manifest.Shard::documents).toList());
    }

    @Test
    void aDocumentThatFitsIntoAShardIsNotCut() throws IOException {
        write(TokenWidth.UINT16, 9, 4, new int[] {1}, new int[] {2, 3}, new int[] {4}, new int[] {5});
        assertArrayEquals(new long[] {1, 9}, ids(0));
        assertArrayEquals(new long[] {2, 3, 9}, ids(1));
        assertArrayEquals(new long[] {4, 9, 5, 9}, ids(2));
    }

    /** Each document has a row in every shard that holds some of it: first token, token after the last, id, file, line. */
    @Test
    void everyShardHasATableOfItsDocuments() throws IOException {
        try (ShardWriter writer = open(TokenWidth.UINT16, 9, 4, ShardWriter.Progress.NONE)) {
            writer.add(new Origin("plain", "a.txt", 1), new int[] {1});
            writer.add(new Origin("with, and \"", "b\nc", 7), new int[] {2, 3, 4, 5, 6});
            writer.shards();
        }
        assertEquals("0,2,plain,a.txt,1\r\n2,4,\"with, and \"\"\",\"b\nc\",7\r\n", table(0));
        assertEquals("0,4,\"with, and \"\"\",\"b\nc\",7\r\n", table(1));
    }

    @Test
    void aDocumentMayComeInSeveralCallsAndSeveralProcesses() throws IOException {
        Origin origin = new Origin("long", "a.txt", 1);
        ShardWriter.Progress progress;
        try (ShardWriter writer = open(TokenWidth.UINT16, 9, 6, ShardWriter.Progress.NONE)) {
            writer.add(new Origin("first", "b.txt", 1), new int[] {1});
            writer.add(origin, List.of(new int[] {2}, new int[] {3}), true, false);
            progress = writer.sync();
            writer.add(origin, List.of(new int[] {7, 7, 7, 7}), false, false); // lost
        }
        List<Manifest.Shard> shards;
        try (ShardWriter writer = open(TokenWidth.UINT16, 9, 6, progress)) {
            writer.add(origin, List.of(new int[] {4, 5, 6}), false, true);
            shards = writer.shards();
        }
        assertArrayEquals(new long[] {1, 9, 2, 3, 4, 5}, ids(0));
        assertArrayEquals(new long[] {6, 9}, ids(1));
        assertEquals("0,2,first,b.txt,1\r\n2,6,long,a.txt,1\r\n", table(0));
        assertEquals("0,2,long,a.txt,1\r\n", table(1));
        assertEquals(HexFormat.of().formatHex(Sha256.digest().digest(Files.readAllBytes(folder.resolve("train/part-00000.npy")))),
                shards.get(0).sha256());
    }

    /** More than the writer's own buffer holds: nothing is lost between its pieces, and the digest is that of the file. */
    @Test
    void longShardsAreWrittenWhole() throws IOException, NoSuchAlgorithmException {
        int[] ids = new int[700_000];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = i % 65_521;
        }
        List<Manifest.Shard> shards = write(TokenWidth.UINT16, 65_535, 1 << 30, ids);
        long[] written = ids(0);
        assertEquals(700_001, written.length);
        for (int i = 0; i < ids.length; i++) {
            assertEquals(ids[i], written[i], "token " + i);
        }
        assertEquals(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256")
                .digest(Files.readAllBytes(folder.resolve("train/part-00000.npy")))), shards.get(0).sha256());
    }

    @Test
    void eachShardHasItsOwnDigest() throws IOException {
        List<Manifest.Shard> shards = write(TokenWidth.UINT16, 9, 2, new int[] {1, 9, 1});
        assertEquals(shards.get(0).sha256(), shards.get(1).sha256(), "both hold 1, 9");
    }

    @Test
    void withoutDocumentsThereIsNoShard() throws IOException {
        assertEquals(List.of(), write(TokenWidth.UINT16, 9, 2));
        assertFalse(Files.exists(folder.resolve("train/part-00000.npy")));
    }

    @Test
    void anOlderLongerShardIsReplaced() throws IOException {
        write(TokenWidth.UINT16, 9, 100, new int[50]);
        write(TokenWidth.UINT16, 9, 100, new int[] {5});
        assertArrayEquals(new long[] {5, 9}, ids(0));
    }

    @Test
    void namesHaveTheSameDigitsInEveryLanguage() throws IOException {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("fa-IR-u-nu-arabext"));
            assertEquals("train/part-00000.npy", write(TokenWidth.UINT16, 9, 100, new int[] {5}).get(0).file());
        } finally {
            Locale.setDefault(before);
        }
    }

    private List<Manifest.Shard> write(TokenWidth width, int eosId, long tokensPerShard, int[]... documents) throws IOException {
        try (ShardWriter writer = open(width, eosId, tokensPerShard, ShardWriter.Progress.NONE)) {
            for (int i = 0; i < documents.length; i++) {
                writer.add(new Origin("id" + i, "file", i + 1), documents[i]);
            }
            return writer.shards();
        }
    }

    private String table(int shard) throws IOException {
        try (InputStream in = new GZIPInputStream(Files.newInputStream(folder.resolve("train/part-0000" + shard + ".csv.gz")))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private ShardWriter open(TokenWidth width, int eosId, long tokensPerShard, ShardWriter.Progress from) throws IOException {
        return new ShardWriter(folder, folder.resolve("work"), Split.TRAIN, width, eosId, tokensPerShard, from);
    }

    private long[] ids(int shard) throws IOException {
        return PreparedFolders.ids(folder.resolve("train/part-0000" + shard + ".npy"), 2);
    }
}
