package ai.spattention.train.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.checkpoint.ParameterValues;
import ai.spattention.olmoe.io.Sha256;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.safetensors.SafetensorsWriter;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.segment.NoGradient;
import ai.spattention.train.Document;
import ai.spattention.train.SmallData;
import ai.spattention.train.TextData;
import ai.spattention.train.checkpoint.CheckpointStore;
import ai.spattention.train.checkpoint.TrainingState;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.RunConfigWriter;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.distributed.TurnCollectives;
import ai.spattention.train.loop.observer.RunObserver;
import ai.spattention.train.loop.setup.ModelSetup;
import ai.spattention.train.loop.setup.PassChoice;
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
    private static class Told implements RunObserver {

        final List<StepMetrics> steps = new ArrayList<>();
        final List<String> notes = new ArrayList<>();

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

    /** Stopped right after a checkpoint that is still on its way; how long the run stood for it is told with the step. */
    @Test
    void checkpointsBehindTrainingChangeNoNumber() throws IOException {
        Outcome whole = run(config(), folder.resolve("whole"), false);
        Path checkpoints = folder.resolve("behind");
        Told before = new Told();
        RunConfig behind = config("checkpoint.every_steps=2", "checkpoint.asynchronous=true");
        try (TrainingRun run = new TrainingRun(behind, data, Device.cpu(), checkpoints, before)) {
            assertFalse(run.run(() -> before.steps.size() == 4));
        }
        assertEquals(List.of(2L, 4L), new CheckpointStore(checkpoints, 1).steps());
        assertTrue(before.steps.get(0).checkpointSeconds().isEmpty());
        assertTrue(before.steps.get(1).checkpointSeconds().getAsDouble() > 0);
        Outcome resumed = run(behind, checkpoints, true);
        assertEquals(whole.told.losses().subList(4, 6), resumed.told.losses());
        assertSame(whole.weights, resumed.weights);
        assertEquals(List.of(4L, 6L), new CheckpointStore(checkpoints, 1).steps());
    }

    /** As by {@code generate --model RUN}, on any number of ranks' checkpoint. */
    @Test
    void theModelOfACheckpointOfSeveralRanksIsRead() throws Exception {
        RunConfig config = config();
        Files.writeString(folder.resolve("config.yaml"), RunConfigWriter.toYaml(config));
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = ModelSetup.model(config, data.manifest(), PassChoice.of(config, Device.cpu()));
            model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
            TrainingState state = new TrainingState(TrainingState.VERSION, 2, 2, 2, 1, "data", Map.of(), "");
            TurnCollectives.run(3, own -> new CheckpointStore(folder.resolve(TrainedModel.CHECKPOINTS), 1, 0, own).save(state,
                    CheckpointTensors.weights(model, ParameterValues.PLAIN, own), new SafetensorsWriter()));
            TrainedModel read = TrainedModel.newest(folder, manager, same -> same, same -> same, note -> fail(note));
            assertEquals(2, read.step());
            assertSame(weights(model), weights(read.model()));
        }
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
        for (String pattern : List.of("causal", "sp", "exclusive", "local", "window", "window:5", "[sp, causal]", "gapped", "longformer",
                "bigbird", "reformer")) {
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
        String[] open = {"training.steps=2", "data.sequence_length=3000", "training.micro_batch=4"};
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
        List<String> skipped = told.notes.stream().filter(note -> note.contains("is skipped")).toList();
        assertEquals(20, skipped.size());
        assertTrue(skipped.get(19).contains(", not finite in model.embed_tokens.weight and "), skipped.get(19));
    }

    /** A router of zeros prefers nobody: the same expert gets every token, and the others none. */
    @Test
    void aRunSurvivesThatOneExpertGetsEverything() throws IOException {
        Told told = new Told();
        try (TrainingRun run = new TrainingRun(config("model.num_experts_per_tok=1", "training.steps=5"), data, Device.cpu(),
                folder, told)) {
            try (NoGradient changing = new NoGradient()) {
                run.getModel().getParameters().forEach(named -> {
                    if (named.getKey().contains("router")) {
                        named.getValue().getArray().muli(0);
                    }
                });
            }
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

    private String refusedToGoOn(String... overrides) throws IOException {
        try (TrainingRun run = new TrainingRun(config(overrides), data, Device.cpu(), folder, new Told())) {
            return assertThrows(InvalidInputException.class, run::resume).getMessage();
        }
    }

    @Test
    void refusesACheckpointOfAnotherRun() throws IOException {
        run(config("training.steps=2"), folder, false);
        for (String other : List.of("model.num_experts is 8, the checkpoint's is 4", "seed is 9, the checkpoint's is 0",
                "data.sequence_length is 24, the checkpoint's is 48", "model.rope_theta is 5000.0, the checkpoint's is 10000.0",
                "model.attention_pattern is causal, the checkpoint's is sp", "model.clip_qkv is 3.0, the checkpoint's is null")) {
            String message = refusedToGoOn(other.replaceAll(" is ([^,]*),.*", "=$1"));
            assertTrue(message.contains(other) && message.contains("belongs to another"), message);
        }
        String message = refusedToGoOn("model.num_experts=8", "seed=9");
        assertTrue(message.contains("seed is 9, the checkpoint's is 0") && message.contains("model.num_experts is 8"), message);
    }

    /** Steps, and with them the schedule and the tokens that the run was to take, would mean something else. */
    @Test
    void refusesAnotherNumberOfSequencesAStepButNotAnotherCut() throws IOException {
        String plain = "training.load_balancing_loss_weight=0"; // a product of means over a micro batch
        Outcome whole = run(config(plain, "schedule.type=constant"), folder.resolve("whole"), false);
        run(config(plain, "schedule.type=constant", "training.steps=3"), folder, false);
        String message = refusedToGoOn("training.micro_batch=2");
        assertTrue(message.contains("a step of it takes 4 sequences, now training.micro_batch 2 times"
                + " training.gradient_accumulation_steps 1 are taken: set both such that their product is 4"), message);
        Outcome cut = run(config(plain, "schedule.type=constant", "training.micro_batch=2",
                "training.gradient_accumulation_steps=2"), folder, true);
        for (int step = 3; step < 6; step++) { // the same sequences, each once
            assertEquals(whole.told.losses().get(step), cut.told.losses().get(step - 3), 2e-3);
        }
        assertEquals(6L * 4 * 48, cut.told.steps.get(2).tokens());
    }

    @Test
    void refusesFewerStepsThanAreDone() throws IOException {
        run(config("training.steps=3"), folder, false);
        String message = refusedToGoOn("training.steps=2");
        assertTrue(message.endsWith("is of a later step than training.steps 2: set training.steps to at least 3"), message);
    }

    @Test
    void everySettingThatChangedIsTold() throws IOException {
        run(config("training.steps=3", "optimizer.state_precision=bfloat16"), folder, false);
        Told told = run(config("training.steps=4", "optimizer.peak_lr=0.5", "model.kernel=masked",
                "optimizer.state_precision=float32"), folder, true).told;
        assertEquals(List.of("from step 4 on, model.kernel is masked, the checkpoint's is auto",
                "from step 4 on, optimizer.peak_lr is 0.5, the checkpoint's is 0.003",
                "from step 4 on, optimizer.state_precision is float32, the checkpoint's is bfloat16",
                "from step 4 on, training.steps is 4, the checkpoint's is 3"), told.notes);
        assertEquals(4, told.steps.get(0).step());
    }

    /** What the program wrote before its states had a version. */
    private Path asVersion1(long sequences) throws IOException {
        Path checkpoint = folder.resolve("step-00000003");
        String state = Files.readString(checkpoint.resolve("state.json"));
        String fingerprint = state.replaceAll("(?s).*\"data_fingerprint\"\\s*:\\s*\"(\\w+)\".*", "$1");
        Files.writeString(checkpoint.resolve("state.json"), "{\"step\":3,\"updates\":3,\"sequences\":" + sequences
                + ",\"tokens\":576,\"elapsed_seconds\":1.5,\"seed\":0,\"data_fingerprint\":\"" + fingerprint + "\",\"model\":\"OlmoeConfig["
                + "vocabSize=257, hiddenSize=32, intermediateSize=16, numHiddenLayers=2, numAttentionHeads=4, numKeyValueHeads=2,"
                + " headDim=8, numExperts=4, numExpertsPerTok=2, normTopkProb=false, rmsNormEps=1.0E-5, ropeTheta=10000.0,"
                + " clipQkv=null, attentionBias=false, attentionDropout=0.0, tieWordEmbeddings=false, initializerRange=0.02,"
                + " routerAuxLossCoef=0.01, routerZLossCoef=0.001, maxPositionEmbeddings=48, eosTokenId=256, padTokenId=null,"
                + " pattern=SP, layoutLength=48]\"}");
        StringBuilder manifest = new StringBuilder();
        for (String file : List.of("model.safetensors", "optimizer.safetensors", "state.json")) {
            manifest.append(manifest.isEmpty() ? "{" : ",").append('"').append(file).append("\":\"")
                    .append(Sha256.of(List.of(checkpoint.resolve(file)))).append('"');
        }
        return Files.writeString(checkpoint.resolve("manifest.json"), manifest + "}");
    }

    @Test
    void aStateOfTheFirstVersionIsGoneOnWith() throws IOException {
        String constant = "schedule.type=constant";
        Outcome whole = run(config(constant), folder.resolve("whole"), false);
        run(config("training.steps=3", constant), folder, false);
        asVersion1(12);
        String message = refusedToGoOn("data.sequence_length=24");
        assertTrue(message.contains("data.sequence_length is 24, the checkpoint's is 48"), message);
        assertTrue(refusedToGoOn("model.num_experts=8").contains("model.num_experts is 8, the checkpoint's is 4"));
        message = refusedToGoOn("training.micro_batch=8");
        assertTrue(message.contains("a step of it takes 4 sequences"), message);
        asVersion1(11);
        assertTrue(refusedToGoOn().contains("data.sequence_length is 48, the checkpoint's is changed on the way"), refusedToGoOn());
        asVersion1(12);
        Outcome resumed = run(config(constant), folder, true);
        assertEquals(whole.told.losses().subList(3, 6), resumed.told.losses());
        assertSame(whole.weights, resumed.weights);
    }

    /** Keeps steps only until one at which it fails, as a process that is killed there does. */
    private static final class Killed implements RunObserver {

        private final List<String> told = new ArrayList<>();
        private final long killedAt;

        Killed(long killedAt) {
            this.killedAt = killedAt;
        }

        @Override
        public boolean hasStep(long step) {
            return told.contains("step " + step);
        }

        @Override
        public void step(StepMetrics metrics) throws IOException {
            if (metrics.step() == killedAt) {
                throw new IOException("the power goes");
            }
            told.add("step " + metrics.step());
        }

        @Override
        public void sampled(long step, String prompt, String text) {
            told.add("sample " + step);
        }

        @Override
        public void checkpointed(long step, Path where) {
            told.add("checkpoint " + step);
        }
    }

    @Test
    void theModelIsKeptBeforeAnythingThatMeasuresIt() throws IOException {
        Outcome whole = run(config("training.steps=2"), folder.resolve("whole"), false);
        Killed observer = new Killed(2);
        try (TrainingRun run = new TrainingRun(config("training.steps=2"), data, Device.cpu(), folder, observer)) {
            assertThrows(IOException.class, () -> run.run(() -> false, goesOn -> observer.told.add("model")));
        }
        assertEquals(List.of("step 1", "checkpoint 2", "model", "sample 2"), observer.told);
        Told told = new Told() {
            @Override
            public boolean hasStep(long step) {
                return !steps.isEmpty();
            }
        };
        for (int again = 0; again < 2; again++) {
            try (TrainingRun run = new TrainingRun(config("training.steps=2"), data, Device.cpu(), folder, told)) {
                assertEquals(2, run.resume());
                assertTrue(run.run(() -> false, goesOn -> told.notes.add("model")));
                assertSame(whole.weights, weights(run.getModel()));
            }
        }
        assertEquals(List.of("model", "model"), told.notes);
        StepMetrics last = whole.told.steps.get(1);
        assertEquals(1, told.steps.size(), "told once");
        assertEquals(List.of(last.step(), last.tokens(), last.loss(), last.gradientNorm(), last.validationLoss(), last.expertLoad()),
                List.of(told.steps.get(0).step(), told.steps.get(0).tokens(), told.steps.get(0).loss(),
                        told.steps.get(0).gradientNorm(), told.steps.get(0).validationLoss(), told.steps.get(0).expertLoad()));
    }

    @Test
    void aPromptThatTheModelCannotReadIsRefusedBeforeTheFirstStep() {
        String message = assertThrows(InvalidInputException.class, () -> new TrainingRun(config("sample.prompt=" + "x".repeat(48)),
                data, Device.cpu(), folder, new Told())).getMessage();
        assertEquals("sample.prompt must have from 1 to 47 tokens, one less than model.max_position_embeddings (got 48 tokens):"
                + " shorten it, or set sample.tokens=0 for no samples", message);
        assertFalse(Files.exists(folder.resolve("step-00000006")));
    }

    /** Most ids of such a model are none of the tokenizer's. */
    @Test
    void aTextThatCannotBeSampledCostsNoRun() throws IOException {
        Told told = run(config("model.vocab_size=5000", "training.steps=2", "sample.every_steps=1", "sample.tokens=30"), folder,
                false).told;
        assertEquals(2, told.steps.size());
        assertEquals(2, told.notes.size());
        assertTrue(told.notes.get(0).startsWith("warning: step 1: no text could be sampled, the run goes on: "), told.notes.get(0));
    }

    @Test
    void dataWithoutHeldOutTextAreTold() throws IOException {
        PreparedData all = TextData.prepare(List.of(new Document("one", "abc ".repeat(100))), new ByteTokenizer(), document -> false,
                folder.resolve("data"));
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
    void aRunThatCannotBeSetUpLeavesNeitherMemoryNorFilesBehind() throws Exception {
        RunConfig tooLarge = config("model.vocab_size=312500", "model.num_experts=1000", "model.intermediate_size=1000000000");
        RunConfig noTasks = config("evaluation.tasks=arc_easy", "evaluation.data=" + folder.resolve("none"));
        long before = NativeMemory.largeBlocks();
        for (int round = 0; round < 2; round++) {
            assertThrows(EngineException.class, () -> new TrainingRun(tooLarge, data, Device.cpu(), folder, new Told()));
            assertThrows(InvalidInputException.class, () -> new TrainingRun(noTasks, data, Device.cpu(), folder, new Told()));
        }
        long left = NativeMemory.largeBlocks() - before;
        for (int wait = 0; left >= 40_000_000 && wait < 50; wait++) { // buffers of Java's go when they are collected
            System.gc();
            Thread.sleep(100);
            left = NativeMemory.largeBlocks() - before;
        }
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
