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
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.distributed.SingleProcess;
import ai.spattention.train.distributed.TurnCollectives;
import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What several processes measure together, which are threads here. */
class SharesTest {

    @TempDir
    private Path folder;

    private PreparedData data;

    @BeforeEach
    void prepare() throws IOException {
        data = SmallData.prepare(folder.resolve("data"));
    }

    /** Batches of few tokens, of which the last is not full. */
    private RunConfig config(Path tasks) {
        return SmallData.config(data.folder(), "validation.probes=[loss, position, copy, length, tasks]", "validation.sequences=17",
                "validation.probe_settings=[copy.sequences=9, copy.distances=32, length.lengths=20]", "data.sequence_length=80", "evaluation.tasks=piqa,wikitext",
                "evaluation.data=" + tasks, "evaluation.batch_tokens=60");
    }

    /** What a process was told, and what it measured. */
    private record Measured(List<String> told, List<ProbeResult> probed, Map<String, Map<String, Double>> scores) {}

    private Measured measure(Collectives collectives, Path tasks, boolean vanish, BooleanSupplier stop) throws IOException {
        RunConfig config = config(tasks);
        try (SmallModel model = new SmallModel(config)) {
            TaskEvaluation evaluation = TaskEvaluation.prepare(config.evaluation(), new ByteTokenizer(), 80, note -> { });
            Probing probing = new Probing(config, TextProbes.prepare(config, data, note -> { }), Optional.of(evaluation), data,
                    new Shares(collectives), model);
            TaskScoring scoring = new TaskScoring(config, evaluation, data, new Shares(collectives), model::note);
            if (vanish) {
                Files.delete(tasks.resolve("piqa/validation.jsonl"));
            }
            model.act(probing, stop);
            StepMetrics metrics = model.act(scoring, stop);
            assertEquals(collectives.size(), collectives.sum(1)[0], "all are at the same place");
            return new Measured(model.told, model.probed, metrics.taskScores());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7})
    void anyNumberOfProcessesMeasuresTheSame(int size) throws Exception {
        Path tasks = TaskData.write(folder.resolve("tasks"));
        Measured alone = measure(new SingleProcess(), tasks, false, () -> false);
        assertEquals(List.of("probed 4"), alone.told);
        assertEquals(List.of("piqa", "wikitext"), List.copyOf(alone.scores.keySet()));
        assertFalse(alone.probed.isEmpty());
        for (Measured one : TurnCollectives.run(size, collectives -> measure(collectives, tasks, false, () -> false))) {
            assertEquals(alone, one);
        }
    }

    @Test
    void whatFailsInOneProcessFailsInAllAndIsTold() throws Exception {
        List<Path> tasks = List.of(TaskData.write(folder.resolve("a")), TaskData.write(folder.resolve("b")), TaskData.write(folder.resolve("c")));
        List<Measured> all = TurnCollectives.run(3, collectives -> measure(collectives, tasks.get(collectives.rank()),
                collectives.rank() == 1, () -> false));
        for (int rank = 0; rank < 3; rank++) {
            Measured one = all.get(rank);
            assertEquals(List.of(), one.probed);
            assertEquals(2, one.told.size(), one.told.toString());
            for (String told : one.told) {
                assertTrue(told.startsWith("warning: step 4: the ") && told.contains("piqa") && told.contains(" training goes on: "), told);
                assertEquals(rank != 1, told.contains("rank 1: "), told);
            }
        }
    }

    @Test
    void whatIsStoppedInOneProcessStopsInAll() throws Exception {
        Path tasks = TaskData.write(folder.resolve("tasks"));
        for (Measured one : TurnCollectives.run(3, collectives -> measure(collectives, tasks, false, () -> collectives.rank() == 2))) {
            assertEquals(List.of("step 4: the model was not probed to the end, for the run was asked to stop",
                    "step 4: the tasks were not scored to the end, for the run was asked to stop"), one.told);
            assertEquals(List.of(), one.probed);
        }
    }
}
