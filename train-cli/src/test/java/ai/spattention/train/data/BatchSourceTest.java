package ai.spattention.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** 13 sequences of 3 tokens: sequence i is 3 i, 3 i + 1, 3 i + 2. */
class BatchSourceTest {

    private static final int COUNT = 13;
    private static final int LENGTH = 3;

    @TempDir
    private Path folder;

    private TokenSequences sequences;

    @BeforeEach
    void open() throws IOException {
        sequences = PreparedFolders.counting(folder, COUNT * LENGTH + 2, 7).sequences(Split.TRAIN, LENGTH);
        assertEquals(COUNT, sequences.count());
    }

    @AfterEach
    void close() throws IOException {
        sequences.close();
    }

    @Test
    void targetsAreTheInputsMovedByOne() throws IOException {
        TokenBatch batch = new BatchSource(sequences, 1, 0).next(5);
        assertEquals(5, batch.size());
        assertEquals(LENGTH, batch.length());
        assertEquals(5 * LENGTH, batch.inputs().length);
        assertArrayEquals(LongStream.of(batch.inputs()).map(id -> id + 1).toArray(), batch.targets());
    }

    @Test
    void everyEpochGivesEverySequenceOnceInAnotherOrder() throws IOException {
        BatchSource source = new BatchSource(sequences, 4, 0);
        List<List<Long>> epochs = new ArrayList<>();
        for (int epoch = 0; epoch < 4; epoch++) {
            List<Long> given = indices(source.next(COUNT));
            assertEquals(LongStream.range(0, COUNT).boxed().toList(), given.stream().sorted().toList());
            assertEquals(LongStream.range(0, COUNT).map(new SequenceOrder(COUNT, 4, epoch)::at).boxed().toList(), given);
            epochs.add(given);
        }
        assertEquals(4, epochs.stream().distinct().count());
    }

    @ParameterizedTest(name = "{0} sequences a batch")
    @ValueSource(ints = {2, 3, 4, 5, 12, 14, 60})
    void theOrderIsTheSameHoweverItIsCutIntoBatches(int size) throws IOException {
        List<Long> one = draw(new BatchSource(sequences, 9, 0), 60, 1);
        assertEquals(one, draw(new BatchSource(sequences, 9, 0), 60, size));
        assertNotEquals(one, draw(new BatchSource(sequences, 10, 0), 60, size));
    }

    @Test
    void aSourceGoesOnFromAnyPosition() throws IOException {
        List<Long> whole = draw(new BatchSource(sequences, 9, 0), 45, 1);
        for (int position = 0; position < 45; position++) {
            BatchSource resumed = new BatchSource(sequences, 9, position);
            assertEquals(whole.subList(position, 45), draw(resumed, 45 - position, 4));
        }
    }

    @Test
    void validationReadsInOrder() throws IOException {
        TokenBatch batch = BatchSource.inOrder(sequences, 4, 2);
        assertArrayEquals(new long[] {12, 13, 14, 15, 16, 17}, batch.inputs());
        assertArrayEquals(new long[] {13, 14, 15, 16, 17, 18}, batch.targets());
        assertEquals(2, batch.size());
    }

    private static List<Long> draw(BatchSource source, int total, int size) throws IOException {
        List<Long> drawn = new ArrayList<>();
        while (drawn.size() < total) {
            drawn.addAll(indices(source.next(Math.min(size, total - drawn.size()))));
        }
        return drawn;
    }

    private static List<Long> indices(TokenBatch batch) {
        List<Long> indices = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            indices.add(batch.inputs()[i * batch.length()] / LENGTH);
        }
        return indices;
    }
}
