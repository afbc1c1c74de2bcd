package ai.spattention.train.loop.periodic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.SmallData;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.data.PreparedData;
import java.io.IOException;
import java.nio.file.Path;
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
}
