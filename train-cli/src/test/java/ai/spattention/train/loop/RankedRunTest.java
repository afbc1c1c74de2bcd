package ai.spattention.train.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.checkpoint.ParameterValues;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.train.SmallData;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.distributed.TurnCollectives;
import ai.spattention.train.loop.observer.RunObserver;
import ai.spattention.train.loop.setup.ModelSetup;
import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run of several processes, which are threads here. */
class RankedRunTest {

    @TempDir
    private static Path dataFolder;

    private static PreparedData data;

    @TempDir
    private Path folder;

    @BeforeAll
    static void prepare() throws IOException {
        data = SmallData.prepare(dataFolder);
    }

    private static RunConfig config(String... overrides) {
        List<String> all = new ArrayList<>(List.of("training.gradient_accumulation_steps=2", "training.micro_batch=2",
                "validation.every_steps=2", "training.steps=4"));
        all.addAll(List.of(overrides));
        return SmallData.config(dataFolder, all.toArray(String[]::new));
    }

    /** What a process told, and its weights at the end. */
    private static final class Told implements RunObserver {

        final List<StepMetrics> steps = new ArrayList<>();
        final List<String> notes = new ArrayList<>();
        final Map<String, float[]> weights = new TreeMap<>();
        int samples;

        @Override
        public void step(StepMetrics metrics) {
            steps.add(metrics);
        }

        @Override
        public void sampled(long step, String prompt, String text) {
            samples++;
        }

        @Override
        public void note(String message) {
            notes.add(message);
        }
    }

    private Told run(RunConfig config, Collectives collectives, int stopAfter) throws IOException {
        return part(config, folder.resolve("of" + collectives.size()), collectives, stopAfter);
    }

    @Test
    void twoProcessesTellWhatOneDoes() throws Exception {
        Told one = TurnCollectives.run(1, collectives -> run(config(), collectives, -1)).get(0);
        List<Told> two = TurnCollectives.run(2, collectives -> run(config(), collectives, -1));
        assertEquals(List.of(1, 0), two.stream().map(told -> told.samples).toList(), "the first samples alone");
        for (Told told : two) {
            assertEquals(4, told.steps.size());
            for (int i = 0; i < 4; i++) {
                StepMetrics expected = one.steps.get(i);
                StepMetrics actual = told.steps.get(i);
                assertEquals(expected.loss(), actual.loss(), 1e-6);
                assertEquals(expected.lossAux(), actual.lossAux(), 1e-5);
                assertEquals(expected.gradientNorm(), actual.gradientNorm(), 1e-6);
                assertEquals(expected.tokens(), actual.tokens());
                assertEquals(expected.expertLoad(), actual.expertLoad(), "the load of all processes' tokens");
                assertEquals(expected.validationLoss().isPresent(), actual.validationLoss().isPresent());
                assertEquals(expected.validationLoss().orElse(0), actual.validationLoss().orElse(0), 1e-6);
                assertTrue(expected.slowestSeconds().isEmpty() && expected.medianSeconds().isEmpty());
                assertTrue(actual.slowestSeconds().orElseThrow() >= actual.medianSeconds().orElseThrow());
                assertTrue(actual.medianSeconds().orElseThrow() > 0);
            }
            one.weights.forEach((name, values) -> assertArrayEquals(values, told.weights.get(name), 1e-6f, name));
        }
        assertEquals(List.of(), two.get(0).notes);
    }

    /** Where the model is large that takes long, and the others must not take it for a hang. */
    @Test
    void theFirstAloneKeepsTheModelAndSaysForEachTensorThatItGoesOn() throws Exception {
        List<Integer> said = TurnCollectives.run(2, collectives -> {
            AtomicInteger tensors = new AtomicInteger();
            try (TrainingRun run = new TrainingRun(config("training.steps=2"), data, Device.cpu(), folder.resolve("kept"), new Told(), collectives)) {
                run.run(() -> false, goesOn -> run.saveModel(folder.resolve("model"), () -> {
                    tensors.incrementAndGet();
                    goesOn.run();
                }));
            }
            return tensors.get();
        });
        assertTrue(said.get(0) > 20 && said.get(1) == 0, said.toString());
    }

    @Test
    void whenOneIsAskedToStopAllDoAfterTheSameStep() throws Exception {
        List<Told> all = TurnCollectives.run(2, collectives -> run(config(), collectives, collectives.rank() == 1 ? 2 : -1));
        assertEquals(List.of(2, 2), all.stream().map(told -> told.steps.size()).toList());
    }

    @Test
    void processesThatDoNotDivideTheMicroBatchesAreRefused() {
        String message = assertThrows(InvalidInputException.class, () -> TurnCollectives.run(3,
                collectives -> run(config(), collectives, -1))).getMessage();
        assertTrue(message.contains("(got 2 and 3 processes): set it to 3 or start another number of processes"), message);
    }

    @Test
    void allBeginWithTheWeightsOfTheFirst() throws Exception {
        List<List<String>> notes = TurnCollectives.run(3, collectives -> {
            List<String> told = new ArrayList<>();
            try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
                OlmoeModel model = OlmoeModel.builder().setConfig(ModelSetup.config(config(), 256)).optSeed(1).build();
                model.initialize(manager, DataType.FLOAT32, new Shape(1, 8));
                float[] expected = model.getFinalNorm().getWeight().getArray().toFloatArray();
                if (collectives.rank() == 2) {
                    try (NDArray others = manager.zeros(model.getFinalNorm().getWeight().getShape())) {
                        ParameterValues.PLAIN.write(model.getFinalNorm().getWeight(), others);
                    }
                }
                RankWeights.share(model, ParameterValues.PLAIN, collectives, told::add);
                assertArrayEquals(expected, model.getFinalNorm().getWeight().getArray().toFloatArray(), 0);
            }
            return told;
        });
        for (List<String> told : notes) {
            assertEquals(List.of("warning: rank 2 began with other weights than rank 0, in 1 parameters, and has taken those of rank 0: its"
                    + " libraries or its processor compute otherwise"), told);
        }
    }

    /** Through files, as a user would. */
    @Test
    void goesOnWithAnotherNumberOfProcesses() throws Exception {
        RunConfig config = config("training.gradient_accumulation_steps=4", "distributed.shard=gradients");
        Told whole = TurnCollectives.run(1, collectives -> run(config, collectives, -1)).get(0);
        Path checkpoints = folder.resolve("moved");
        TurnCollectives.run(4, collectives -> part(config, checkpoints, collectives, 2));
        TurnCollectives.run(2, collectives -> part(config, checkpoints, collectives, 1));
        Told last = TurnCollectives.run(1, collectives -> part(config, checkpoints, collectives, -1)).get(0);
        assertEquals(List.of(4L), last.steps.stream().map(StepMetrics::step).toList());
        assertEquals(whole.steps.get(3).loss(), last.steps.get(0).loss(), 1e-6);
        whole.weights.forEach((name, values) -> assertArrayEquals(values, last.weights.get(name), 1e-6f, name));
    }

    private static Told part(RunConfig config, Path checkpoints, Collectives collectives, int steps) throws IOException {
        Told told = new Told();
        try (TrainingRun run = new TrainingRun(config, data, Device.cpu(), checkpoints, told, collectives)) {
            run.resume();
            run.run(() -> told.steps.size() == steps);
            run.getModel().getParameters().forEach(named -> told.weights.put(named.getKey(), named.getValue().getArray().toFloatArray()));
        }
        return told;
    }
}
