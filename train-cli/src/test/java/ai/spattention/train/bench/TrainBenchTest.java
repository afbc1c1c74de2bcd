package ai.spattention.train.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.spattention.train.SmallData;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.distributed.TurnCollectives;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TrainBenchTest {

    @Test
    void severalProcessesTakeWholeStepsTogether() throws Exception {
        RunConfig config = SmallData.config(Path.of("none"), "training.gradient_accumulation_steps=4", "data.document_mask=true");
        List<String> notes = new ArrayList<>();
        List<TrainBench.Row> rows = TurnCollectives.run(2, collectives -> new TrainBench(collectives, Device.cpu(), 1, 2,
                collectives.rank() == 0 ? notes::add : note -> { }).run(config));
        TrainBench.Row row = rows.get(0);
        assertEquals(List.of(2, 2), List.of(row.processes(), row.microBatches()));
        assertEquals(4 * 4 * 48, row.tokensPerSecond() * row.stepMs() / 1e3, 1e-6, "the tokens of all processes");
        assertEquals(row.stepMs(), rows.get(1).stepMs(), "the slowest one's time");
        assertTrue(row.stepMs() > 0);
        assertEquals(5, notes.size(), notes.toString());
    }
}
