package ai.spattention.train.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import ai.spattention.train.SmallData;
import ai.spattention.train.TaskData;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.loop.observer.RunObserver;
import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that score benchmark tasks on the way. */
class EvaluatedRunTest {

    @TempDir
    private static Path dataFolder;

    private static PreparedData data;

    @TempDir
    private Path folder;

    private final List<StepMetrics> steps = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();
    private Path tasks;
    private boolean finished;

    @BeforeAll
    static void prepare() throws IOException {
        data = SmallData.prepare(dataFolder);
    }

    @BeforeEach
    void writeTasks() throws IOException {
        tasks = TaskData.write(folder.resolve("tasks"));
    }

    /** The weights at the end. */
    private Map<String, float[]> run(String checkpoints, BooleanSupplier stop, String... overrides) throws IOException {
        steps.clear();
        RunObserver observer = new RunObserver() {
            @Override
            public void step(StepMetrics metrics) {
                steps.add(metrics);
            }

            @Override
            public void note(String message) {
                notes.add(message);
            }
        };
        try (TrainingRun run = new TrainingRun(SmallData.config(dataFolder, overrides), data, Device.cpu(),
                folder.resolve(checkpoints), observer)) {
            finished = run.run(stop);
            Map<String, float[]> weights = new TreeMap<>();
            run.getModel().getParameters()
                    .forEach(named -> weights.put(named.getKey(), named.getValue().getArray().toFloatArray()));
            return weights;
        }
    }

    private String[] evaluated(String... more) {
        List<String> overrides = new ArrayList<>(List.of("model.attention_dropout=0.1", "evaluation.tasks=piqa,wikitext",
                "evaluation.data=" + tasks, "evaluation.every_steps=2"));
        overrides.addAll(List.of(more));
        return overrides.toArray(String[]::new);
    }

    @Test
    void scoringTasksChangesNoWeight() throws IOException {
        Map<String, float[]> plain = run("plain", () -> false, "model.attention_dropout=0.1");
        List<Double> losses = steps.stream().map(StepMetrics::loss).toList();
        assertTrue(steps.stream().allMatch(step -> step.taskScores().isEmpty()), "off by default");
        Map<String, float[]> scored = run("scored", () -> false, evaluated());
        assertEquals(losses, steps.stream().map(StepMetrics::loss).toList());
        plain.forEach((name, values) -> assertArrayEquals(values, scored.get(name), 0f, name));
        for (StepMetrics step : steps) {
            assertEquals(step.step() % 2 == 0 ? Set.of("piqa", "wikitext") : Set.of(), step.taskScores().keySet());
        }
    }

    @Test
    void withoutAnIntervalTheEndIsScored() throws IOException {
        run("run", () -> false, evaluated("evaluation.every_steps=0"));
        assertEquals(List.of(6L), steps.stream().filter(step -> !step.taskScores().isEmpty()).map(StepMetrics::step).toList());
    }

    @Test
    void dataThatVanishCostNoRun() throws IOException {
        run("run", () -> {
            try {
                Files.deleteIfExists(tasks.resolve("piqa/validation.jsonl"));
            } catch (IOException e) {
                throw new AssertionError(e);
            }
            return false;
        }, evaluated());
        assertTrue(finished);
        assertEquals(6, steps.size());
        assertEquals(3, notes.stream().filter(note -> note.contains("could not be scored, training goes on: no data for 'piqa'"))
                .count(), notes.toString());
    }

    @Test
    void aStopEndsTheScoringToo() throws IOException {
        int[] asked = {0};
        run("run", () -> asked[0]++ > 0, evaluated("evaluation.every_steps=1")); // asked first before the step
        assertFalse(finished);
        assertEquals(1, steps.size());
        assertEquals(Map.of(), steps.get(0).taskScores());
        assertTrue(notes.contains("step 1: the tasks were not scored to the end, for the run was asked to stop"), notes.toString());
        assertTrue(Files.exists(folder.resolve("run/step-00000001")), "there is a checkpoint to go on from");
    }

    @Test
    void badTasksAreRefusedBeforeTheFirstStep() {
        String message = assertThrows(InvalidInputException.class,
                () -> run("run", () -> false, evaluated("evaluation.tasks=boolq"))).getMessage();
        assertTrue(message.startsWith("evaluation: no data for 'boolq'"), message);
        assertEquals(List.of(), steps);
        assertFalse(Files.exists(folder.resolve("run")));
    }

    @Test
    void utilisationIsThroughputOverThePeak() throws IOException {
        run("unknown", () -> false, "training.steps=2");
        assertTrue(steps.stream().allMatch(step -> step.utilisation().isEmpty()), "no peak is known of a CPU");
        run("known", () -> false, "training.steps=2", "training.peak_tflops=0.001");
        double once = steps.get(0).utilisation().orElseThrow() / steps.get(0).tokensPerSecond();
        assertEquals(once, steps.get(1).utilisation().orElseThrow() / steps.get(1).tokensPerSecond(), 1e-9 * once);
        assertTrue(once * 1e9 > 6 * 29_248 / 2.0 && once * 1e9 < 6 * 29_248 * 2.0, "about 6 FLOP for an active parameter");
    }
}
