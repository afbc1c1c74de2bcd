package ai.spattention.train.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.SmallData;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.loop.step.MicroBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MicroBatchesTest {

    @TempDir
    private Path folder;

    @Test
    void goesOnFromAnyPlace() throws IOException {
        PreparedData data = SmallData.prepare(folder);
        RunConfig config = SmallData.config(folder, "training.micro_batch=3");
        try (MicroBatches whole = new MicroBatches(config, data, 0, 1); MicroBatches later = new MicroBatches(config, data, 0, 1)) {
            whole.next();
            whole.next();
            later.seek(2 * 3 * 48);
            for (int i = 0; i < 2; i++) {
                MicroBatch expected = whole.next();
                MicroBatch actual = later.next();
                assertEquals(3, actual.tokens().size());
                assertEquals(48, actual.tokens().length());
                assertArrayEquals(expected.tokens().inputs(), actual.tokens().inputs());
                assertArrayEquals(expected.tokens().targets(), actual.tokens().targets());
                assertTrue(actual.documents().isEmpty());
            }
        }
    }

    /** Three processes, then two: together they take what one does, in its order. */
    @Test
    void processesTakeTurns() throws IOException {
        PreparedData data = SmallData.prepare(folder);
        RunConfig config = SmallData.config(folder, "training.micro_batch=2", "training.gradient_accumulation_steps=6");
        List<long[]> expected = new ArrayList<>();
        try (MicroBatches whole = new MicroBatches(config, data, 0, 1)) {
            for (int i = 0; i < 24; i++) {
                expected.add(whole.next().tokens().inputs());
            }
        }
        for (int ranks : new int[] {3, 2}) {
            int step = ranks == 3 ? 0 : 2; // the two go on after the three's two steps
            for (int rank = 0; rank < ranks; rank++) {
                try (MicroBatches own = new MicroBatches(config, data, rank, ranks)) {
                    own.seek(step * config.tokensPerStep());
                    for (int i = 6 * step + rank; i < 6 * step + 12; i += ranks) {
                        assertArrayEquals(expected.get(i), own.next().tokens().inputs(), ranks + " processes, micro-batch " + i);
                    }
                }
            }
        }
    }

    @Test
    void documentsComeWhereTheMaskIsAskedFor() throws IOException {
        PreparedData data = SmallData.prepare(folder);
        try (MicroBatches batches = new MicroBatches(SmallData.config(folder, "data.document_mask=true"), data, 0, 1)) {
            MicroBatch batch = batches.next();
            assertArrayEquals(batch.tokens().documents(256), batch.documents().orElseThrow());
        }
    }
}
