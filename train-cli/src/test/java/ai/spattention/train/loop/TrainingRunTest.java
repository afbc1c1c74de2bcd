package ai.spattention.train.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.train.SmallData;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.data.Document;
import ai.spattention.train.data.Preparation;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingRunTest {

    @TempDir
    private static Path dataFolder;

    private static PreparedData data;

    @TempDir
    private Path folder;

    /** Keeps what a run tells. */
    private static final class Told implements RunObserver {

        private final List<StepMetrics> steps = new ArrayList<>();
        private final List<String> notes = new ArrayList<>();

        @Override
        public void step(StepMetrics metrics) {
            steps.add(metrics);
        }

        @Override
        public void note(String message) {
            notes.add(message);
        }

        List<Double> losses() {
            return steps.stream().map(StepMetrics::loss).toList();
        }
    }

    /** A run's losses and its weights at the end. */
    private record Outcome(Told told, Map<String, float[]> weights) {}

    @BeforeAll
    static void prepare() throws IOException {
        data = SmallData.prepare(dataFolder);
    }

    private static RunConfig config(String... overrides) {
        return SmallData.config(dataFolder, overrides);
    }

    private static Outcome run(RunConfig config, Path checkpoints, boolean resume) throws IOException {
        Told told = new Told();
        try (TrainingRun run = new TrainingRun(config, data, Device.cpu(), checkpoints, told)) {
            if (resume) {
                run.resume();
            }
            run.run(() -> false);
            return new Outcome(told, weights(run.getModel()));
        }
    }

    private static Map<String, float[]> weights(OlmoeModel model) {
        Map<String, float[]> weights = new TreeMap<>();
        model.getParameters().forEach(named -> weights.put(named.getKey(), named.getValue().getArray().toFloatArray()));
        return weights;
    }

    private static void assertSame(Map<String, float[]> expected, Map<String, float[]> actual) {
        assertEquals(expected.keySet(), actual.keySet());
        expected.forEach((name, values) -> assertArrayEquals(values, actual.get(name), 0f, name));
    }

    @Test
    void learnsFromRealText() throws IOException {
        Told told = run(config("training.steps=40", "validation.every_steps=20", "optimizer.peak_lr=1e-2"), folder, false).told;
        assertEquals(40, told.steps.size());
        StepMetrics first = told.steps.get(0);
        StepMetrics last = told.steps.get(39);
        assertEquals(Math.log(257), first.loss(), 0.3, "a new model knows nothing");
        double validation = last.validationLoss().orElseThrow();
        assertTrue(validation < 0.8 * first.loss(), "the held-out loss " + validation + " is far below " + first.loss());
        assertTrue(last.loss() < 0.8 * first.loss());
        assertTrue(told.steps.get(19).validationLoss().isPresent());
        assertEquals(40L * 4 * 48, last.tokens());
        assertTrue(last.gradientNorm() > 0 && last.lossAux() > 0 && last.tokensPerSecond() > 0);
        last.expertLoad().forEach(layer -> assertEquals(1, layer.stream().mapToDouble(share -> share).sum(), 1e-4));
    }

    @Test
    void resumesWithTheNumbersOfAnUninterruptedRun() throws IOException {
        String dropout = "model.attention_dropout=0.1"; // the engine's randomness has to be taken up too
        Outcome whole = run(config(dropout), folder.resolve("whole"), false);
        Path checkpoints = folder.resolve("cut");
        Told before = new Told();
        try (TrainingRun run = new TrainingRun(config(dropout, "checkpoint.every_steps=3"), data, Device.cpu(), checkpoints,
                new RunObserver() {
                    @Override
                    public void step(StepMetrics metrics) throws IOException {
                        if (metrics.step() == 5) {
                            throw new IOException("the power goes");
                        }
                        before.step(metrics);
                    }
                })) {
            assertEquals("the power goes", assertThrows(IOException.class, () -> run.run(() -> false)).getMessage());
        }
        Outcome resumed = run(config(dropout), checkpoints, true);
        assertEquals(whole.told.losses().subList(0, 4), before.losses());
        assertEquals(whole.told.losses().subList(3, 6), resumed.told.losses(), "the losses of the steps after the checkpoint");
        assertSame(whole.weights, resumed.weights);
    }

    @Test
    void aStopWritesACheckpointFromWhichTheRunGoesOn() throws IOException {
        Outcome whole = run(config(), folder.resolve("whole"), false);
        Path checkpoints = folder.resolve("stopped");
        Told before = new Told();
        try (TrainingRun run = new TrainingRun(config(), data, Device.cpu(), checkpoints, before)) {
            assertFalse(run.run(() -> before.steps.size() == 2));
        }
        assertEquals(2, before.steps.size());
        Outcome resumed = run(config(), checkpoints, true);
        assertEquals(whole.told.losses().subList(2, 6), resumed.told.losses());
        assertSame(whole.weights, resumed.weights);
    }

    @Test
    void theSameSeedGivesTheSameNumbersAndAnotherDoesNot() throws IOException {
        List<Double> once = run(config("seed=5", "training.steps=3"), folder.resolve("a"), false).told.losses();
        assertEquals(once, run(config("seed=5", "training.steps=3"), folder.resolve("b"), false).told.losses());
        assertNotEquals(once, run(config("seed=6", "training.steps=3"), folder.resolve("c"), false).told.losses());
    }

    @Test
    void aStepCutIntoMicroBatchesLearnsTheSame() throws IOException {
        // the load-balancing loss is a product of means over a micro batch, so only without it are the steps equal
        String plain = "training.load_balancing_loss_weight=0";
        Told whole = run(config(plain, "training.micro_batch=4"), folder.resolve("a"), false).told;
        Told cut = run(config(plain, "training.micro_batch=1", "training.gradient_accumulation_steps=4"),
                folder.resolve("b"), false).told;
        for (int i = 0; i < whole.steps.size(); i++) {
            assertEquals(whole.steps.get(i).loss(), cut.steps.get(i).loss(), 1e-3, "step " + (i + 1));
            assertEquals(whole.steps.get(i).gradientNorm(), cut.steps.get(i).gradientNorm(), 2e-3, "step " + (i + 1));
            assertEquals(whole.steps.get(i).tokens(), cut.steps.get(i).tokens());
        }
    }

    @Test
    void everyPatternAndEveryKernelLearns() throws IOException {
        String mask = "data.document_mask=true";
        for (String pattern : List.of("causal", "sp", "exclusive", "local", "gapped", "longformer", "bigbird", "reformer")) {
            List<Double> tiled = run(config("model.attention_pattern=" + pattern, "model.kernel=tiled", "training.steps=2", mask),
                    folder.resolve(pattern + "-tiled"), false).told.losses();
            List<Double> masked = run(config("model.attention_pattern=" + pattern, "model.kernel=masked", "training.steps=2", mask),
                    folder.resolve(pattern + "-masked"), false).told.losses();
            for (int i = 0; i < 2; i++) {
                assertEquals(masked.get(i), tiled.get(i), 1e-4, pattern + ", step " + (i + 1));
            }
        }
    }

    @Test
    void theDocumentMaskKeepsAttentionWithinADocument() throws IOException {
        String[] open = {"training.steps=2", "data.sequence_length=1500", "training.micro_batch=4"};
        String[] closed = {open[0], open[1], open[2], "data.document_mask=true"};
        StepMetrics crossing = run(config(open), folder.resolve("open"), false).told.steps.get(1);
        StepMetrics within = run(config(closed), folder.resolve("closed"), false).told.steps.get(1);
        assertNotEquals(crossing.loss(), within.loss());
        assertEquals(crossing.loss(), within.loss(), 0.05, "an untrained model makes little of what it sees");
        assertNotEquals(crossing.validationLoss(), within.validationLoss());
    }

    @Test
    void aLossThatIsNotFiniteIsSkippedAndThenStopsTheRun() throws IOException {
        Told told = new Told();
        RunConfig config = config("training.steps=60", "optimizer.peak_lr=1e30", "schedule.warmup_steps=0");
        try (TrainingRun run = new TrainingRun(config, data, Device.cpu(), folder, told)) {
            String message = assertThrows(TrainingFailedException.class, () -> run.run(() -> false)).getMessage();
            assertTrue(message.contains("20 steps in a row") && message.contains("peak_lr"), message);
        }
        assertEquals(20, told.notes.stream().filter(note -> note.contains("is skipped")).count());
    }

    /** A router of zeros prefers nobody: the same expert gets every token, and the others none. */
    @Test
    void aRunSurvivesThatOneExpertGetsEverything() throws IOException {
        Told told = new Told();
        try (TrainingRun run = new TrainingRun(config("model.num_experts_per_tok=1", "training.steps=5"), data, Device.cpu(),
                folder, told)) {
            run.getModel().getParameters().forEach(named -> {
                if (named.getKey().contains("router")) {
                    named.getValue().getArray().muli(0);
                }
            });
            assertTrue(run.run(() -> false));
        }
        for (List<Double> layer : told.steps.get(0).expertLoad()) {
            assertEquals(List.of(0.0, 0.0, 0.0, 1.0), layer.stream().sorted().toList());
        }
        assertEquals(List.of(), told.notes, "no step is skipped");
        assertTrue(told.losses().stream().allMatch(Double::isFinite));
        assertTrue(told.losses().get(4) < told.losses().get(0), "it learns all the same: " + told.losses());
    }

    @Test
    void aStopRightAfterACheckpointDoesNotWriteItAgain() throws IOException {
        List<Long> written = new ArrayList<>();
        RunObserver observer = new RunObserver() {
            @Override
            public void checkpointed(long step, Path where) {
                written.add(step);
            }
        };
        RunConfig config = config("checkpoint.every_steps=2");
        try (TrainingRun run = new TrainingRun(config, data, Device.cpu(), folder, observer)) {
            assertFalse(run.run(() -> !written.isEmpty()));
        }
        assertEquals(List.of(2L), written);
        try (TrainingRun run = new TrainingRun(config, data, Device.cpu(), folder, observer)) {
            assertEquals(2, run.resume());
            assertFalse(run.run(() -> true), "stopped before a step");
        }
        assertEquals(List.of(2L), written);
    }

    @Test
    void refusesACheckpointOfAnotherRun() throws IOException {
        run(config("training.steps=2"), folder, false);
        for (String other : List.of("model.num_experts=8", "seed=9")) {
            try (TrainingRun run = new TrainingRun(config(other), data, Device.cpu(), folder, new Told())) {
                String message = assertThrows(InvalidInputException.class, run::resume).getMessage();
                assertTrue(message.contains("belongs to another " + (other.startsWith("seed") ? "seed" : "model")), message);
            }
        }
    }

    @Test
    void dataWithoutHeldOutTextAreTold() throws IOException {
        PreparedData all = Preparation.run(List.of(new Document("one", "abc ".repeat(100))).iterator(), new ByteTokenizer(),
                document -> false, Map.of(), folder.resolve("data"), done -> { });
        Told told = new Told();
        try (TrainingRun run = new TrainingRun(config("training.steps=2"), all, Device.cpu(), folder, told)) {
            run.run(() -> false);
        }
        assertTrue(told.notes.get(0).startsWith("there will be no validation loss: "), told.notes.toString());
        assertTrue(told.steps.get(1).validationLoss().isEmpty());
    }

    @Test
    void refusesDataThatDoesNotFitTheModel() {
        String message = assertThrows(InvalidInputException.class, () -> new TrainingRun(config("model.vocab_size=200"), data,
                Device.cpu(), folder, new Told())).getMessage();
        assertTrue(message.contains("257") && message.contains("200"), message);
    }

    @Test
    void theSavedModelIsTheTrainedOne() throws IOException {
        Map<String, float[]> trained;
        try (TrainingRun run = new TrainingRun(config("training.steps=2"), data, Device.cpu(), folder, new Told())) {
            run.run(() -> false);
            run.saveModel(folder.resolve("model"));
            trained = weights(run.getModel());
        }
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel loaded = HuggingFaceFolder.load(folder.resolve("model"), manager);
            assertSame(trained, weights(loaded));
            assertEquals(48, loaded.getConfig().layoutLength().fixed());
        }
        assertTrue(Files.isRegularFile(folder.resolve("model").resolve("tokenizer.json")));
    }

    /** Fails once the embedding, 40 MB, is made: no machine has an address for the experts that come after it. */
    @Test
    void aRunThatCannotBeSetUpLeavesNeitherMemoryNorFilesBehind() throws IOException {
        RunConfig tooLarge = config("model.vocab_size=312500", "model.num_experts=1000", "model.intermediate_size=1000000000");
        RunConfig noTasks = config("evaluation.tasks=arc_easy", "evaluation.data=" + folder.resolve("none"));
        long before = NativeMemory.largeBlocks();
        for (int round = 0; round < 2; round++) {
            assertThrows(EngineException.class, () -> new TrainingRun(tooLarge, data, Device.cpu(), folder, new Told()));
            assertThrows(InvalidInputException.class, () -> new TrainingRun(noTasks, data, Device.cpu(), folder, new Told()));
        }
        long left = NativeMemory.largeBlocks() - before;
        assertTrue(left < 40_000_000, "two runs that failed left " + left + " bytes");
        Path open = Path.of("/proc/self/fd");
        if (Files.isDirectory(open)) {
            List<Path> stillOpen = new ArrayList<>();
            try (Stream<Path> files = Files.list(open)) {
                for (Path file : files.toList()) {
                    if (Files.isSymbolicLink(file) && Files.readSymbolicLink(file).startsWith(dataFolder.toRealPath())) {
                        stillOpen.add(Files.readSymbolicLink(file));
                    }
                }
            }
            assertEquals(List.of(), stillOpen);
        }
    }
}
