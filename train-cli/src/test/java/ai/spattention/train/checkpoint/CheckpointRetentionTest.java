package ai.spattention.train.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.olmoe.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which checkpoints stay: the newest, and those of chosen steps for good. */
class CheckpointRetentionTest {

    @TempDir
    private Path folder;

    private void save(CheckpointStore store, int... steps) throws IOException {
        for (int step : steps) {
            store.save(new TrainingState(TrainingState.VERSION, step, step, step, 0, "data", Map.of(), ""), new SafetensorsWriter(),
                    new SafetensorsWriter());
        }
    }

    @Test
    void withoutARuleOnlyTheNewestStay() throws IOException {
        CheckpointStore store = new CheckpointStore(folder, 2);
        assertEquals(List.of(), store.steps());
        save(store, 10, 20, 30, 40);
        assertEquals(List.of(30L, 40L), store.steps());
    }

    @Test
    void thoseOfEveryMStepsStayBesidesTheNewest() throws IOException {
        CheckpointStore store = new CheckpointStore(folder, 2, 30);
        save(store, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95);
        assertEquals(List.of(30L, 60L, 90L, 95L), store.steps());
    }

    @Test
    void oneThatIsKeptForGoodCountsAmongTheNewestToo() throws IOException {
        CheckpointStore store = new CheckpointStore(folder, 1, 30);
        save(store, 30, 60, 70);
        assertEquals(List.of(30L, 60L, 70L), store.steps());
        save(store, 80);
        assertEquals(List.of(30L, 60L, 80L), store.steps());
    }
}
