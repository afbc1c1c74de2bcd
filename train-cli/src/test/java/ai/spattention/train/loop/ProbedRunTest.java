package ai.spattention.train.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.measure.Bin;
import ai.spattention.eval.measure.Moments;
import ai.spattention.eval.probe.ProbeResult;
import ai.spattention.train.SmallData;
import ai.spattention.train.TaskData;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.loop.observer.RunObserver;
import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs whose model is probed on the way. */
class ProbedRunTest {

    private static final String[] PROBES = {"validation.probes=[loss, position, recall, copy, length]", "model.attention_dropout=0.1",
        "validation.every_steps=3", "validation.probe_settings=[copy.tokens=6, copy.sequences=3, \"copy.distances=6,20,999\", copy.commonest=40,"
            + " \"length.lengths=16,48,96\"]"};

    @TempDir
    private static Path dataFolder;

    private static PreparedData data;

    @TempDir
    private Path folder;

    private final List<StepMetrics> steps = new ArrayList<>();
    private final Map<Long, List<ProbeResult>> probed = new TreeMap<>();
    private final List<String> notes = new ArrayList<>();

    @BeforeAll
    static void prepare() throws IOException {
        data = SmallData.prepare(dataFolder);
    }

    /** The weights at the end. */
    private Map<String, float[]> run(String name, BooleanSupplier stop, String... overrides) throws IOException {
        steps.clear();
        probed.clear();
        RunObserver observer = new RunObserver() {
            @Override
            public void step(StepMetrics metrics) {
                steps.add(metrics);
            }

            @Override
            public void probed(long step, List<ProbeResult> results) {
                probed.put(step, results);
            }

            @Override
            public void note(String message) {
                notes.add(message);
            }
        };
        try (TrainingRun run = new TrainingRun(SmallData.config(dataFolder, overrides), data, Device.cpu(), folder.resolve(name), observer)) {
            run.run(stop);
            Map<String, float[]> weights = new TreeMap<>();
            run.getModel().getParameters().forEach(named -> weights.put(named.getKey(), named.getValue().getArray().toFloatArray()));
            return weights;
        }
    }

    private static Moments sum(ProbeResult result) {
        return result.bins().stream().map(Bin::moments).reduce(Moments.NONE, Moments::plus);
    }

    @Test
    void probesAddUpToTheValidationLossAndChangeNoWeight() throws IOException {
        Map<String, float[]> plain = run("plain", () -> false, "model.attention_dropout=0.1");
        assertTrue(probed.isEmpty(), "off by default");
        List<Double> losses = steps.stream().map(StepMetrics::loss).toList();
        Map<String, float[]> weights = run("probed", () -> false, PROBES);
        assertEquals(losses, steps.stream().map(StepMetrics::loss).toList());
        plain.forEach((name, values) -> assertArrayEquals(values, weights.get(name), 0f, name));
        assertEquals(List.of(3L, 6L), List.copyOf(probed.keySet()));
        List<ProbeResult> results = probed.get(6L);
        assertEquals(List.of("loss loss 48", "loss bits_per_byte 48", "position loss 48", "recall loss 48", "copy copy_score 48",
                "length loss 16", "length loss 16", "length loss 48", "length loss 48", "length loss 96", "length loss 96"),
                results.stream().map(result -> result.probe() + " " + result.measure() + " " + result.length()).toList());
        for (int i : new int[] {0, 2, 3, 7, 8}) {
            assertEquals(8 * 48, sum(results.get(i)).n());
            assertEquals(steps.get(5).validationLoss().orElseThrow(), sum(results.get(i)).mean(), 1e-5, results.get(i).toString());
        }
        assertEquals(List.of("6", "20"), results.get(4).bins().stream().map(Bin::label).toList());
        assertEquals(3 * 5, results.get(4).bins().get(0).moments().n());
        assertEquals("validation", results.get(0).text());
        assertFalse(results.get(9).bins().equals(results.get(10).bins()), "at 96 tokens the layouts differ");
    }

    /** The layout changes what validation and probes measure, not what is learnt. */
    @Test
    void validationTakesALayout() throws IOException {
        Map<String, float[]> own = run("own", () -> false, "model.layout_length=12", "validation.probes=[loss]");
        double loss = steps.get(5).validationLoss().orElseThrow();
        Map<String, float[]> other = run("other", () -> false, "model.layout_length=12", "validation.probes=[loss, length]",
                "validation.layout=sequence", "validation.probe_settings=length.lengths=24");
        own.forEach((name, values) -> assertArrayEquals(values, other.get(name), 0f, name));
        assertTrue(Math.abs(loss - steps.get(5).validationLoss().orElseThrow()) > 1e-4);
        assertEquals(steps.get(5).validationLoss().orElseThrow(), sum(probed.get(6L).get(0)).mean(), 1e-5);
        assertEquals(List.of("sequence", "sequence", "12", "sequence"), probed.get(6L).stream().map(ProbeResult::layout).toList());
        run("fixed", () -> false, "model.layout_length=12", "validation.layout=fixed");
        assertEquals(loss, steps.get(5).validationLoss().orElseThrow(), 0);
    }

    @Test
    void tasksAreProbedWithBothLayouts() throws IOException {
        Path tasks = TaskData.write(folder.resolve("tasks"));
        run("run", () -> false, "validation.probes=[tasks]", "evaluation.tasks=piqa,wikitext", "evaluation.data=" + tasks,
                "evaluation.layout=sequence");
        assertEquals(List.of("piqa bits_per_byte 48", "piqa margin 48", "piqa acc 48", "piqa bits_per_byte sequence", "piqa margin sequence",
                "piqa acc sequence"), probed.get(6L).stream()
                .map(result -> result.text() + " " + result.measure() + " " + result.layout()).toList());
        assertEquals(steps.get(5).taskScores().get("piqa").get("acc"), sum(probed.get(6L).get(5)).mean(), 1e-12);
    }

    @Test
    void aStopEndsTheProbingToo() throws IOException {
        int[] asked = {0};
        run("run", () -> asked[0]++ > 0, "validation.every_steps=1", "validation.probes=[loss]"); // asked first before the step
        assertEquals(Map.of(), probed);
        assertTrue(notes.contains("step 1: the model was not probed to the end, for the run was asked to stop"), notes.toString());
        assertEquals(1, steps.size());
    }

    @Test
    void whatDoesNotFitIsRefusedBeforeTheFirstStep() {
        String message = assertThrows(InvalidInputException.class, () -> run("run", () -> false, "validation.probes=[copy]")).getMessage();
        assertTrue(message.startsWith("validation.probes: the probe copy needs a window of at least 64 tokens"), message);
        assertEquals(List.of(), steps);
    }
}
