package ai.spattention.train.loop.periodic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.eval.probe.ProbeResult;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.train.SmallData;
import ai.spattention.train.TaskData;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.distributed.SingleProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProbingTest {

    @TempDir
    private Path folder;

    private Path tasks;
    private PreparedData data;

    @BeforeEach
    void prepare() throws IOException {
        data = SmallData.prepare(folder.resolve("data"));
        tasks = TaskData.write(folder.resolve("tasks"));
    }

    private RunConfig config(String probes) {
        return SmallData.config(data.folder(), "validation.probes=" + probes, "validation.every_steps=4", "evaluation.tasks=piqa",
                "evaluation.data=" + tasks);
    }

    private Probing probing(RunConfig config, SmallModel model) throws IOException {
        TaskEvaluation evaluation = TaskEvaluation.prepare(config.evaluation(), new ByteTokenizer(), 48, model::note);
        return new Probing(config, TextProbes.prepare(config, data, model::note), Optional.of(evaluation), data,
                new Shares(new SingleProcess()), model);
    }

    @Test
    void tellsTheResultsOfTextsAndThenOfTasks() throws IOException {
        RunConfig config = config("[loss, tasks]");
        try (SmallModel model = new SmallModel(config); Probing probing = probing(config, model)) {
            assertTrue(probing.isDue(4, false) && probing.isDue(5, true));
            assertFalse(probing.isDue(5, false));
            model.act(probing, () -> false);
            assertEquals(List.of("probed 4"), model.told);
            assertEquals(List.of("validation", "piqa"), model.probed.stream().map(ProbeResult::text).distinct().toList());
        }
    }

    @Test
    void probesNoTasksUnasked() throws IOException {
        RunConfig config = config("[loss]");
        try (SmallModel model = new SmallModel(config); Probing probing = probing(config, model)) {
            model.act(probing, () -> false);
            assertEquals(List.of("validation"), model.probed.stream().map(ProbeResult::text).distinct().toList());
        }
    }

    @Test
    void aStopAndVanishedDataTellNoResults() throws IOException {
        RunConfig config = config("[loss, tasks]");
        try (SmallModel model = new SmallModel(config); Probing probing = probing(config, model)) {
            model.act(probing, () -> true);
            Files.delete(tasks.resolve("piqa/validation.jsonl"));
            model.act(probing, () -> false);
            assertEquals(List.of(), model.probed);
            assertEquals("step 4: the model was not probed to the end, for the run was asked to stop", model.told.get(0));
            assertTrue(model.told.get(1).startsWith("warning: step 4: the model could not be probed, training goes on: "), model.told.get(1));
        }
    }
}
