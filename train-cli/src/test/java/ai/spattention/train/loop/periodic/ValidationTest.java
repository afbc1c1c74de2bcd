package ai.spattention.train.loop.periodic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.train.Document;
import ai.spattention.train.SmallData;
import ai.spattention.train.TextData;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.distributed.SingleProcess;
import ai.spattention.train.distributed.TurnCollectives;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ValidationTest {

    @TempDir
    private Path folder;

    @Test
    void addsTheLossOnHeldOutText() throws IOException {
        PreparedData data = SmallData.prepare(folder);
        RunConfig config = SmallData.config(folder, "validation.every_steps=2");
        Validation validation = Validation.open(config, data, new SingleProcess());
        try (validation; SmallModel model = new SmallModel(config)) {
            assertEquals(List.of(), validation.notes());
            assertTrue(validation.isDue(2, false) && validation.isDue(3, true));
            assertFalse(validation.isDue(3, false));
            double loss = model.act(validation, () -> false).validationLoss().orElseThrow();
            assertEquals(Math.log(257), loss, 0.3, "a new model knows nothing");
            assertEquals(loss, model.act(validation, () -> false).validationLoss().orElseThrow(), "nothing is random");
        }
        try (SmallModel model = new SmallModel(config)) {
            assertThrows(IOException.class, () -> model.act(validation, () -> false), "its files are closed");
        }
    }

    /** Eight sequences in batches of three; of five processes two have nothing to do. */
    @Test
    void processesShareTheBatchesAndTellTheSameBits() throws Exception {
        PreparedData data = SmallData.prepare(folder);
        RunConfig config = SmallData.config(folder, "validation.every_steps=1", "training.micro_batch=3");
        List<Double> expected = TurnCollectives.run(1, collectives -> loss(config, data, collectives));
        for (int ranks : new int[] {2, 5}) {
            assertEquals(Collections.nCopies(ranks, expected.get(0)), TurnCollectives.run(ranks, collectives -> loss(config, data, collectives)));
        }
    }

    private static double loss(RunConfig config, PreparedData data, Collectives collectives) throws IOException {
        try (Validation validation = Validation.open(config, data, collectives); SmallModel model = new SmallModel(config)) {
            return model.act(validation, () -> false).validationLoss().orElseThrow();
        }
    }

    @Test
    void isNeverDueWithoutHeldOutText() throws IOException {
        PreparedData data = TextData.prepare(List.of(new Document("one", "abc ".repeat(100))), new ByteTokenizer(), document -> false, folder);
        try (Validation validation = Validation.open(SmallData.config(folder, "validation.every_steps=1"), data, new SingleProcess())) {
            assertFalse(validation.isDue(1, false) || validation.isDue(6, true));
            assertTrue(validation.notes().get(0).startsWith("there will be no validation loss: "), validation.notes().toString());
        }
    }
}
