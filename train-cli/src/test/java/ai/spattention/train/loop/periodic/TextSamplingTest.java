package ai.spattention.train.loop.periodic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.SmallData;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.distributed.CollectiveException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextSamplingTest {

    @TempDir
    private Path folder;

    @Test
    void tellsTheSameTextOfTheSameModel() throws IOException {
        PreparedData data = SmallData.prepare(folder);
        RunConfig config = SmallData.config(folder, "sample.every_steps=4", "sample.prompt=ab", "sample.tokens=6");
        try (SmallModel model = new SmallModel(config); TextSampling sampling = new TextSampling(config, data, model)) {
            assertTrue(sampling.isDue(4, false) && sampling.isDue(5, true));
            assertFalse(sampling.isDue(5, false));
            model.act(sampling, () -> false);
            model.act(sampling, () -> false);
            assertTrue(model.told.get(0).startsWith("sample 4 ab|"), model.told.get(0));
            assertTrue(model.told.get(0).length() > "sample 4 ab|".length(), model.told.get(0));
            assertEquals(model.told.get(0), model.told.get(1));
        }
    }

    @Test
    void aTextThatCannotBeDrawnIsANote() throws IOException {
        PreparedData data = SmallData.prepare(folder);
        RunConfig config = SmallData.config(folder, "sample.prompt=" + "x".repeat(48));
        try (SmallModel model = new SmallModel(config); TextSampling sampling = new TextSampling(config, data, model)) {
            model.act(sampling, () -> false);
            assertEquals(1, model.told.size());
            assertTrue(model.told.get(0).startsWith("warning: step 4: no text could be sampled, the run goes on: "), model.told.get(0));
        }
    }

    /** Each token asks, so that processes that wait are told, and a run that is asked to stop leaves. */
    @Test
    void askedToStopItLeavesAfterTheNextToken() throws IOException {
        PreparedData data = SmallData.prepare(folder);
        RunConfig config = SmallData.config(folder, "sample.prompt=ab", "sample.tokens=6");
        AtomicInteger asked = new AtomicInteger();
        try (SmallModel model = new SmallModel(config); TextSampling sampling = new TextSampling(config, data, model)) {
            model.act(sampling, () -> asked.incrementAndGet() < 0);
            assertEquals(6, asked.get());
            asked.set(0);
            model.act(sampling, () -> asked.incrementAndGet() == 3);
            assertEquals(3, asked.get());
            assertEquals("step 4: no text was sampled to the end, for the run was asked to stop", model.told.get(1));
            assertThrows(CollectiveException.class, () -> model.act(sampling, () -> {
                throw new CollectiveException("the others are gone");
            }), "which is no failure of the text");
        }
    }
}
