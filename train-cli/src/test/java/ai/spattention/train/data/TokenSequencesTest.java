package ai.spattention.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The stream of a counting document is 0, 1, 2, ...: every id is its own place. */
class TokenSequencesTest {

    @TempDir
    private Path folder;

    @ParameterizedTest(name = "{0} tokens a shard")
    @ValueSource(longs = {1, 2, 3, 5, 7, 40, 1000})
    void sequencesRunAcrossTheBordersOfShards(long tokensPerShard) throws IOException {
        PreparedData data = PreparedFolders.counting(folder, 40, tokensPerShard);
        for (int length : new int[] {1, 2, 3, 6, 39}) {
            try (TokenSequences sequences = data.sequences(Split.TRAIN, length)) {
                assertEquals(39 / length, sequences.count());
                assertEquals(length, sequences.length());
                for (long index = 0; index < sequences.count(); index++) {
                    assertArrayEquals(LongStream.rangeClosed(index * length, (index + 1) * length).toArray(), sequences.read(index));
                }
            }
        }
    }

    /** The token after a sequence is needed too, so 8 tokens make one sequence of 4, and 9 make two. */
    @ParameterizedTest
    @CsvSource({"5, 4, 1", "8, 4, 1", "9, 4, 2", "12, 4, 2", "13, 4, 3", "2, 1, 1"})
    void onlyTheLastTokensAreLeftOut(int tokens, int length, long count) throws IOException {
        try (TokenSequences sequences = PreparedFolders.counting(folder, tokens, 3).sequences(Split.TRAIN, length)) {
            assertEquals(count, sequences.count());
        }
    }

    @Test
    void largeIdsAreReadAsWritten() throws IOException {
        int[] ids = {65_535, 65_536, 100_276, 0};
        try (TokenSequences sequences = PreparedFolders.write(folder, 100_278, 3, ids).sequences(Split.TRAIN, 4)) {
            assertArrayEquals(new long[] {65_535, 65_536, 100_276, 0, 100_277}, sequences.read(0));
        }
        Path narrow = folder.resolve("narrow");
        try (TokenSequences sequences = PreparedFolders.write(narrow, 65_536, 9, new int[] {32_768, 65_534}).sequences(Split.TRAIN, 2)) {
            assertArrayEquals(new long[] {32_768, 65_534, 65_535}, sequences.read(0));
        }
    }

    @Test
    void dataShorterThanOneSequenceAreRefused() throws IOException {
        PreparedData data = PreparedFolders.counting(folder, 8, 100);
        assertEquals(folder + " holds 8 tokens in its train split, less than one sequence of 8 and the token after it",
                assertThrows(InvalidInputException.class, () -> data.sequences(Split.TRAIN, 8)).getMessage());
        assertEquals(folder + " holds 0 tokens in its validation split, less than one sequence of 4 and the token after it",
                assertThrows(InvalidInputException.class, () -> data.sequences(Split.VALIDATION, 4)).getMessage());
        assertThrows(InvalidInputException.class, () -> data.sequences(Split.TRAIN, Integer.MAX_VALUE));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1})
    void aLengthBelowOneIsRefused(int length) throws IOException {
        PreparedData data = PreparedFolders.counting(folder, 8, 100);
        assertEquals("the sequence length must be at least 1 (got " + length + ")",
                assertThrows(InvalidInputException.class, () -> data.sequences(Split.TRAIN, length)).getMessage());
    }

    /** An id outside the vocabulary would read foreign memory on a GPU. */
    @Test
    void anIdOutsideTheVocabularyIsRefusedWhereItStands() throws IOException {
        PreparedData data = PreparedFolders.counting(folder, 20, 6);
        Path file = folder.resolve("train/part-00001.npy");
        try (RandomAccessFile shard = new RandomAccessFile(file.toFile(), "rw")) {
            shard.seek(2 * 3);
            shard.write(20);
        }
        try (TokenSequences sequences = data.sequences(Split.TRAIN, 4)) {
            assertArrayEquals(new long[] {4, 5, 6, 7, 8}, sequences.read(1));
            assertEquals(file + " holds id 20 at token 3, outside the vocabulary of 20",
                    assertThrows(InvalidInputException.class, () -> sequences.read(2)).getMessage());
        }
    }

    @Test
    void anIdAbove31BitsIsOutsideTheVocabularyToo() throws IOException {
        PreparedData data = PreparedFolders.write(folder, 70_000, 100, new int[] {1, 2, 3});
        Files.write(folder.resolve("train/part-00000.npy"), new byte[] {-1, -1, -1, -1, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0});
        try (TokenSequences sequences = data.sequences(Split.TRAIN, 3)) {
            assertTrue(assertThrows(InvalidInputException.class, () -> sequences.read(0)).getMessage().contains("holds id 4294967295 "));
        }
    }

    @Test
    void aShardThatIsCutWhileItIsReadIsReported() throws IOException {
        PreparedData data = PreparedFolders.counting(folder, 20, 10);
        Path file = folder.resolve("train/part-00001.npy");
        try (TokenSequences sequences = data.sequences(Split.TRAIN, 4)) {
            try (FileChannel shard = FileChannel.open(file, StandardOpenOption.WRITE)) {
                shard.truncate(5);
            }
            assertArrayEquals(new long[] {4, 5, 6, 7, 8}, sequences.read(1));
            assertEquals(file + " ended at byte 5 while it was read: it has changed since the run began",
                    assertThrows(InvalidInputException.class, () -> sequences.read(2)).getMessage());
        }
    }

    @Test
    void aShardThatWentAfterOpeningIsReported() throws IOException {
        PreparedData data = PreparedFolders.counting(folder, 20, 10);
        Files.delete(folder.resolve("train/part-00001.npy"));
        assertThrows(NoSuchFileException.class, () -> data.sequences(Split.TRAIN, 4));
    }

    @Test
    void documentsFollowOneAnotherWithEosBetween() throws IOException {
        try (TokenSequences sequences = PreparedFolders.write(folder, 100, 4, new int[] {1, 2}, new int[] {3}, IntStream.range(4, 9).toArray())
                .sequences(Split.TRAIN, 5)) {
            assertArrayEquals(new long[] {1, 2, 99, 3, 99, 4}, sequences.read(0));
            assertArrayEquals(new long[] {4, 5, 6, 7, 8, 99}, sequences.read(1));
        }
    }
}
