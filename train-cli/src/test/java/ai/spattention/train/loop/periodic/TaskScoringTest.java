package ai.spattention.train.loop.periodic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TaskScoringTest {

    @TempDir
    private Path folder;

    private Path tasks;
    private PreparedData data;
    private RunConfig config;

    @BeforeEach
    void prepare() throws IOException {
        data = SmallData.prepare(folder.resolve("data"));
        tasks = TaskData.write(folder.resolve("tasks"));
        config = SmallData.config(data.folder(), "evaluation.tasks=piqa", "evaluation.data=" + tasks, "evaluation.every_steps=3");
    }

    private TaskScoring scoring(SmallModel model) throws IOException {
        TaskEvaluation evaluation = TaskEvaluation.prepare(config.evaluation(), new ByteTokenizer(), 48, model::note);
        return new TaskScoring(config, evaluation, data, new Shares(new SingleProcess()), model::note);
    }

    @Test
    void addsTheScoresAtItsInterval() throws IOException {
        try (SmallModel model = new SmallModel(config); TaskScoring scoring = scoring(model)) {
            assertTrue(scoring.isDue(3, false) && scoring.isDue(4, true));
            assertFalse(scoring.isDue(4, false));
            Map<String, Map<String, Double>> scores = model.act(scoring, () -> false).taskScores();
            assertEquals(Set.of("piqa"), scores.keySet());
            assertEquals(List.of("acc", "acc_norm", "acc_bytes"), List.copyOf(scores.get("piqa").keySet()));
            assertEquals(List.of(), model.told);
        }
    }

    @Test
    void aStopAndVanishedDataAddNothing() throws IOException {
        try (SmallModel model = new SmallModel(config); TaskScoring scoring = scoring(model)) {
            assertEquals(Map.of(), model.act(scoring, () -> true).taskScores());
            Files.delete(tasks.resolve("piqa/validation.jsonl"));
            assertEquals(Map.of(), model.act(scoring, () -> false).taskScores());
            assertEquals("step 4: the tasks were not scored to the end, for the run was asked to stop", model.told.get(0));
            assertTrue(model.told.get(1).startsWith("warning: step 4: the tasks could not be scored, training goes on: no data for 'piqa'"),
                    model.told.get(1));
        }
    }
}
