package ai.spattention.train.metrics.tensorboard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.metrics.HeldOutLoss;
import ai.spattention.train.metrics.StepMetrics;
import ai.spattention.train.metrics.tensorboard.EventFile.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorBoardLogTest {

    @TempDir
    private Path folder;

    private static StepMetrics.Builder metrics(long step, double loss) {
        return StepMetrics.builder().setStep(step).setTokens(step * 100).setTimeSeconds(step).setLosses(loss, 1.5, 2.5)
                .setGradientNorm(0.5).setLearningRate(0.25).setTokensPerSecond(1000);
    }

    private List<Message> summaries() throws IOException {
        List<Message> found = new ArrayList<>();
        for (Path file : EventFile.files(folder)) {
            EventFile.read(file).stream().filter(event -> event.has(5)).forEach(found::add);
        }
        return found;
    }

    private static Map<String, Float> scalars(Message event) {
        Map<String, Float> scalars = new LinkedHashMap<>();
        event.message(5).messages(1).stream().filter(value -> value.has(2))
                .forEach(value -> scalars.put(value.text(1), value.float32(2)));
        return scalars;
    }

    @Test
    void writesNothingBeforeTheRunBegins() throws IOException {
        Path absent = folder.resolve("tensorboard");
        new TensorBoardLog(absent).close();
        assertFalse(Files.exists(absent));
    }

    @Test
    void aStepIsOneEventOfCurves() throws IOException {
        try (TensorBoardLog log = new TensorBoardLog(folder)) {
            log.started(1, 2);
            log.step(metrics(1, 3.5).build());
            log.step(metrics(2, Double.NaN).optValidationLoss(3).optMemoryMb(64).optGpuMemoryMb(512).optUtilisation(0.5).optStepSeconds(3, 2)
                    .optTaskScores(Map.of("piqa", Map.of("acc", 0.75)))
                    .optExpertLoad(new long[][] {{2, 2}, {4, 0}}).build());
        }
        List<Message> events = summaries();
        assertEquals(List.of(1L, 2L), events.stream().map(event -> event.varint(2)).toList());
        assertEquals(Map.of("loss/train", 3.5f, "loss/load_balancing", 1.5f, "loss/router_z", 2.5f, "optimizer/learning_rate",
                0.25f, "optimizer/gradient_norm", 0.5f, "progress/tokens", 100f, "progress/tokens_per_second", 1000f),
                scalars(events.get(0)));
        Map<String, Float> second = scalars(events.get(1));
        assertTrue(second.get("loss/train").isNaN());
        assertEquals(3, second.get("loss/validation"));
        assertEquals(64, second.get("progress/memory_mb"));
        assertEquals(512, second.get("progress/gpu_memory_mb"));
        assertEquals(3, second.get("progress/step_seconds_slowest"));
        assertEquals(2, second.get("progress/step_seconds_median"));
        assertEquals(0.5f, second.get("progress/model_flop_utilisation"));
        assertEquals(0.75f, second.get("tasks/piqa/acc"));
        assertEquals(0.5, second.get("experts/evenness"), 1e-6, "one layer is even, the other uses one expert");
        List<Message> loads = events.get(1).message(5).messages(1).stream().filter(value -> value.has(5)).toList();
        assertEquals(List.of("experts/load_layer_00", "experts/load_layer_01"), loads.stream().map(load -> load.text(1)).toList());
        assertEquals(List.of(100.0, 0.0), loads.get(1).message(5).float64s(7));
    }

    @Test
    void heldOutSetsHaveCurvesOfTheirOwn() throws IOException {
        try (TensorBoardLog log = new TensorBoardLog(folder)) {
            log.started(1, 1);
            log.step(metrics(1, 4).optHeldOut(Map.of("validation", HeldOutLoss.of(2, OptionalDouble.of(1 / Math.log(2))),
                    "wiki", HeldOutLoss.of(3, OptionalDouble.of(1 / Math.log(2))), "books", HeldOutLoss.of(5, OptionalDouble.empty())))
                    .build());
        }
        Map<String, Float> scalars = new TreeMap<>(scalars(summaries().get(0)));
        scalars.keySet().removeIf(name -> !name.contains("validation"));
        assertEquals(Map.of("loss/validation", 2f, "validation/bits_per_byte", 2f, "validation/wiki/loss", 3f,
                "validation/wiki/bits_per_byte", 3f, "validation/books/loss", 5f), scalars);
    }

    @Test
    void aLongRunWritesTheLoadNowAndThen() throws IOException {
        try (TensorBoardLog log = new TensorBoardLog(folder)) {
            log.started(1, 2001);
            for (long step = 1; step <= 2001; step++) {
                log.step(metrics(step, 1).optExpertLoad(new long[][] {{1, 1}}).build());
            }
        }
        List<Long> loads = summaries().stream()
                .filter(event -> event.message(5).messages(1).stream().anyMatch(value -> value.has(5)))
                .map(event -> event.varint(2)).toList();
        assertEquals(401, loads.size());
        assertEquals(List.of(5L, 10L), loads.subList(0, 2));
        assertEquals(2001, loads.get(400));
    }

    @Test
    void samplesKeepTheirLines() throws IOException {
        try (TensorBoardLog log = new TensorBoardLog(folder)) {
            log.started(1, 1);
            log.sampled(1, "public ", "int x;\n  # no heading\n");
        }
        Message value = summaries().get(0).message(5).message(1);
        assertEquals("sample", value.text(1));
        assertEquals("    public int x;\n      # no heading\n", value.message(8).text(8));
    }

    @Test
    void aResumedRunReplacesTheStepsThatItRunsAgain() throws IOException {
        try (TensorBoardLog log = new TensorBoardLog(folder)) {
            log.started(1, 6);
            for (long step = 1; step <= 5; step++) {
                log.step(metrics(step, step).build());
            }
        }
        try (TensorBoardLog log = new TensorBoardLog(folder)) {
            log.started(4, 6); // the checkpoint was of step 3
            for (long step = 4; step <= 6; step++) {
                log.step(metrics(step, 10 * step).build());
            }
        }
        assertEquals(2, EventFile.files(folder).size());
        assertEquals(Map.of(1L, 1f, 2L, 2f, 3L, 3f, 4L, 40f, 5L, 50f, 6L, 60f), shown());
    }

    /** The loss by step as TensorBoard shows it: but for the first, the start of a session ends what is of its step or later. */
    private Map<Long, Float> shown() throws IOException {
        TreeMap<Long, Float> shown = new TreeMap<>();
        boolean started = false;
        for (Path file : EventFile.files(folder)) {
            for (Message event : EventFile.read(file)) {
                if (event.has(7) && event.message(7).varint(1) == 1) {
                    if (started) {
                        shown.tailMap(event.varint(2), true).clear();
                    }
                    started = true;
                } else if (event.has(5)) {
                    assertEquals(null, shown.put(event.varint(2), scalars(event).get("loss/train")), "a step is shown once");
                }
            }
        }
        return shown;
    }
}
