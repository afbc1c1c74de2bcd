package ai.spattention.train.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import ai.djl.util.cuda.CudaUtils;
import ai.spattention.common.InvalidInputException;
import ai.spattention.cuda.CudaDevice;
import ai.spattention.cuda.CudaStream;
import ai.spattention.eval.probe.ProbeResult;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.checkpoint.ParameterValues;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.safetensors.SafetensorsFile;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.segment.PartObserver;
import ai.spattention.train.SmallData;
import ai.spattention.train.checkpoint.CheckpointStore;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.TrainingConfig;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.data.TokenBatch;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.distributed.ForwardingCollectives;
import ai.spattention.train.distributed.TurnCollectives;
import ai.spattention.train.loop.observer.RunObserver;
import ai.spattention.train.loop.setup.ModelSetup;
import ai.spattention.train.loop.setup.PassChoice;
import ai.spattention.train.loop.step.MicroBatch;
import ai.spattention.train.loop.step.StepOutcome;
import ai.spattention.train.loop.step.TrainStep;
import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Training by the plan on a GPU, against the blocks and against itself. */
class PlannedTrainingGpuTest {

    private static final String PLAN = "training.pass=plan";
    private static final String BLOCKS = "training.pass=blocks";

    @TempDir
    private static Path dataFolder;

    private static PreparedData data;

    @TempDir
    private Path folder;

    /** Keeps what a run tells. */
    private static final class Told implements RunObserver {

        final List<StepMetrics> steps = new ArrayList<>();
        final List<String> notes = new ArrayList<>();
        final List<String> samples = new ArrayList<>();
        final Map<Long, List<ProbeResult>> probed = new TreeMap<>();

        @Override
        public void step(StepMetrics metrics) {
            steps.add(metrics);
        }

        @Override
        public void sampled(long step, String prompt, String text) {
            samples.add(text);
        }

        @Override
        public void probed(long step, List<ProbeResult> results) {
            probed.put(step, results);
        }

        @Override
        public void note(String message) {
            notes.add(message);
        }

        List<Double> losses() {
            return steps.stream().map(StepMetrics::loss).toList();
        }
    }

    @BeforeAll
    static void prepare() throws IOException {
        data = SmallData.prepare(dataFolder);
    }

    @BeforeEach
    void requireGpu() {
        assumeTrue(Engine.getEngine("PyTorch").getGpuCount() > 0, "skipped: no GPU here");
    }

    private static RunConfig config(String... overrides) {
        List<String> all = new ArrayList<>(List.of("precision=bfloat16", "model.vocab_size=264", "model.hidden_size=128",
                "model.intermediate_size=64", "model.num_experts=8", "data.sequence_length=96", "training.steps=20",
                "optimizer.peak_lr=3e-3", "sample.tokens=0"));
        all.addAll(List.of(overrides));
        return SmallData.config(dataFolder, all.toArray(String[]::new));
    }

    private Told run(String name, BooleanSupplier stop, boolean resume, String... overrides) throws IOException {
        Told told = new Told();
        try (TrainingRun run = new TrainingRun(config(overrides), data, Device.gpu(), folder.resolve(name), told)) {
            if (resume) {
                assertTrue(run.resume() > 0);
            }
            run.run(stop, goesOn -> run.saveModel(folder.resolve(name + "-model")));
        }
        assertTrue(told.notes.stream().noneMatch(note -> note.contains("skipped") || note.contains("refuses")), told.notes.toString());
        return told;
    }

    private Told run(String name, String... overrides) throws IOException {
        return run(name, () -> false, false, overrides);
    }

    /** Two processes' work on one GPU, by threads that take turns. A layer has almost as many elements as a slice of each rank. */
    private List<Told> runTwo(String name, String... overrides) throws Exception {
        return runTwo(collectives -> collectives, name, overrides);
    }

    private List<Told> runTwo(UnaryOperator<Collectives> ranks, String name, String... overrides) throws Exception {
        return TurnCollectives.run(2, own -> {
            Told told = new Told();
            Collectives collectives = ranks.apply(own);
            try (TrainingRun run = new TrainingRun(config(overrides), data, Device.gpu(), folder.resolve(name), told, collectives)) {
                run.run(() -> false);
            }
            return told;
        });
    }

    /** Gradients' norms follow losses for a while only: sums in another order lead small models apart. */
    private static void assertLearnsAs(Told expected, Told actual) {
        assertNear(expected.losses(), actual.losses(), 2e-3);
        assertNear(norms(expected).subList(0, 8), norms(actual).subList(0, 8), 2e-2);
    }

    private static List<Double> norms(Told told) {
        return told.steps.stream().map(StepMetrics::gradientNorm).toList();
    }

    @ParameterizedTest
    @CsvSource({"none, 2", "none, 4", "optimizer, 2", "optimizer, 6", "gradients, 2", "gradients, 6"})
    void twoProcessesLearnAsOne(String shard, int microBatches) throws Exception {
        String[] overrides = {PLAN, "training.micro_batch=2", "training.gradient_accumulation_steps=" + microBatches, "distributed.shard=" + shard};
        Told one = run("one", overrides);
        List<Told> two = runTwo("two", overrides);
        two.forEach(told -> assertLearnsAs(one, told));
        assertEquals(two.get(0).losses(), two.get(1).losses(), "both tell the same");
        if (microBatches == 2) { // one pass each: the same two sums
            assertEquals(one.losses(), two.get(0).losses(), "bit by bit");
        }
    }

    /** However gradients are sent, whatever starts the passes. */
    @Test
    void twoProcessesLearnTheSameInEveryWay() throws Exception {
        String[] common = {PLAN, "training.micro_batch=2", "training.gradient_accumulation_steps=4", "training.steps=8",
            "optimizer.state_precision=bfloat16"};
        List<Double> expected = null;
        for (String shard : new String[] {"optimizer", "none"}) {
            for (String way : new String[] {"distributed.overlap=true", "distributed.overlap=false", "training.cuda_graph=off"}) {
                List<Double> losses = runTwo(shard + way, with(with(common, "distributed.shard=" + shard), way)).get(0).losses();
                expected = expected == null ? losses : expected;
                assertEquals(expected, losses, "bit by bit: " + shard + ", " + way);
            }
        }
        List<Double> passing = runTwo("passing", with(common, "distributed.shard=gradients")).get(0).losses();
        assertNear(expected, passing, 1e-3); // other orders of sums
        assertEquals(passing, runTwo("launched", with(with(common, "distributed.shard=gradients"), "training.cuda_graph=off")).get(0).losses());
        try (CudaStream own = CudaStream.urgent(CudaDevice.of(0))) {
            assertEquals(passing, runTwo(ranks -> onStream(ranks, own), "streams", with(common, "distributed.shard=gradients")).get(0).losses());
            assertEquals(expected, runTwo(ranks -> onStream(ranks, own), "behind", with(common, "distributed.shard=optimizer")).get(0).losses());
        }
    }

    /** As NCCL's, whose work is on a stream of its own. */
    private static Collectives onStream(Collectives ranks, CudaStream stream) {
        return new ForwardingCollectives(ranks) {
            @Override
            public Optional<CudaStream> stream() {
                return Optional.of(stream);
            }
        };
    }

    /** With the output matrix and the embedding in one, to which a pass adds from its beginning to its end. */
    @Test
    void twoProcessesLearnAsOneWithTiedEmbeddings() throws Exception {
        String[] overrides = {PLAN, "training.micro_batch=2", "training.gradient_accumulation_steps=4", "model.tie_word_embeddings=true",
            "distributed.shard=gradients"};
        Told one = run("one", overrides);
        runTwo("two", overrides).forEach(told -> assertLearnsAs(one, told));
    }

    /** Saved by two processes that share their gradients out, gone on by one, and the other way round. */
    @Test
    void checkpointsOfSharedGradientsMoveBetweenOneProcessAndTwo() throws Exception {
        String[] overrides = {PLAN, "training.micro_batch=2", "training.gradient_accumulation_steps=2", "distributed.shard=gradients"};
        Told whole = run("whole", overrides);
        TurnCollectives.run(2, collectives -> {
            int[] asked = {0};
            try (TrainingRun run = new TrainingRun(config(overrides), data, Device.gpu(), folder.resolve("moved"), new Told(), collectives)) {
                run.run(() -> asked[0]++ == 10);
            }
            return null;
        });
        int[] asked = {0};
        Told one = run("moved", () -> asked[0]++ == 5, true, overrides);
        assertNear(whole.losses().subList(10, 15), one.losses(), 1e-3);
        for (Told told : TurnCollectives.run(2, collectives -> {
            Told again = new Told();
            try (TrainingRun run = new TrainingRun(config(overrides), data, Device.gpu(), folder.resolve("moved"), again, collectives)) {
                assertEquals(15, run.resume());
                run.run(() -> false);
            }
            return again;
        })) {
            assertNear(whole.losses().subList(15, 20), told.losses(), 2e-3);
        }
    }

    private Map<String, float[]> saved(String name) throws IOException {
        Path model = new CheckpointStore(folder.resolve(name), 1, 0).newest(note -> { }).orElseThrow().model().get(0);
        Map<String, float[]> weights = new TreeMap<>();
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch"); SafetensorsFile file = SafetensorsFile.open(model)) {
            for (String tensor : file.names()) {
                weights.put(tensor, file.read(manager, tensor).toFloatArray());
            }
        }
        return weights;
    }

    private static void assertSame(Map<String, float[]> expected, Map<String, float[]> actual) {
        assertEquals(expected.keySet(), actual.keySet());
        expected.forEach((name, values) -> assertArrayEquals(values, actual.get(name), name));
    }

    private static void assertNear(List<Double> expected, List<Double> actual, double tolerance) {
        assertEquals(expected.size(), actual.size());
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.get(i), actual.get(i), tolerance * expected.get(i), "step " + (i + 1) + " of " + expected + actual);
        }
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(value -> value).average().orElseThrow();
    }

    @Test
    void learnsAsTheBlocksDo() throws IOException {
        int number = 0;
        for (String[] settings : new String[][] {{}, {"model.attention_pattern=causal", "data.document_mask=true"},
            {"model.tie_word_embeddings=true", "model.norm_topk_prob=true"}}) {
            number++;
            Told expected = run(number + "blocks", with(settings, BLOCKS));
            Told actual = run(number + "plan", with(settings, PLAN));
            assertNear(expected.losses().subList(0, 1), actual.losses().subList(0, 1), 1e-3);
            assertNear(expected.losses().subList(0, 8), actual.losses().subList(0, 8), 1e-2);
            // from then on rounding has led each its own way; both learn as much
            assertEquals(mean(expected.losses().subList(10, 20)), mean(actual.losses().subList(10, 20)), 0.15);
            assertEquals(expected.steps.get(0).gradientNorm(), actual.steps.get(0).gradientNorm(),
                    2e-2 * expected.steps.get(0).gradientNorm());
            assertEquals(expected.steps.get(0).lossAux(), actual.steps.get(0).lossAux(), 1e-2 * expected.steps.get(0).lossAux());
            assertTrue(actual.losses().get(19) < 0.9 * actual.losses().get(0), "it learns: " + actual.losses());
            actual.steps.get(0).expertLoad().forEach(layer -> assertEquals(1, layer.stream().mapToDouble(share -> share).sum(), 1e-4));
            assertEquals(expected.steps.get(19).validationLoss().orElseThrow(), actual.steps.get(19).validationLoss().orElseThrow(),
                    5e-2 * expected.steps.get(19).validationLoss().orElseThrow(), "the blocks validate from the plan's weights");
        }
    }

    private static String[] with(String[] settings, String more) {
        List<String> all = new ArrayList<>(List.of(settings));
        all.add(more);
        return all.toArray(String[]::new);
    }

    @Test
    void resumesBitByBitWhateverTheStart() throws IOException {
        for (String precision : new String[] {"float32", "bfloat16"}) {
            String moments = "optimizer.state_precision=" + precision;
            Told whole = run(precision + "whole", PLAN, moments);
            Told launched = run(precision + "launched", PLAN, moments, "training.cuda_graph=off");
            assertEquals(whole.losses(), launched.losses(), "a graph computes the same bits");
            assertSame(saved(precision + "whole"), saved(precision + "launched"));
            int[] asked = {0};
            String[] behind = {PLAN, moments, "checkpoint.every_steps=3", "checkpoint.asynchronous=true"};
            Told before = run(precision + "cut", () -> asked[0]++ == 9, false, behind);
            assertEquals(whole.losses().subList(0, 9), before.losses());
            Told after = run(precision + "cut", () -> false, true, behind);
            assertEquals(whole.losses().subList(9, 20), after.losses());
            assertSame(saved(precision + "whole"), saved(precision + "cut"));
        }
    }

    @Test
    void checkpointsMoveBetweenTheWays() throws IOException {
        for (String precision : new String[] {"float32", "bfloat16"}) {
            String moments = "optimizer.state_precision=" + precision;
            Told blocks = run(precision + "expected", BLOCKS, moments);
            for (String[] ways : new String[][] {{PLAN, BLOCKS}, {BLOCKS, PLAN}}) {
                String name = precision + ways[0];
                int[] asked = {0};
                run(name, () -> asked[0]++ == 10, false, ways[0], moments);
                Told after = run(name, () -> false, true, ways[1], moments);
                assertNear(blocks.losses().subList(10, 20), after.losses(), 3e-2);
            }
        }
    }

    @Test
    void theSavedModelHoldsTheExactWeights() throws IOException {
        run("saved", PLAN);
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            OlmoeModel model = HuggingFaceFolder.load(folder.resolve("saved-model"), manager);
            Map<String, float[]> loaded = new TreeMap<>();
            int exact = 0;
            for (Pair<String, Parameter> named : model.getParameters()) {
                float[] values = named.getValue().getArray().toFloatArray();
                loaded.put(named.getKey(), values);
                for (float value : values) {
                    exact += (Float.floatToRawIntBits(value) & 0xffff) != 0 ? 1 : 0;
                }
            }
            assertSame(saved("saved"), loaded);
            assertTrue(exact > 100_000, "the lower halves count: " + exact);
        }
    }

    @Test
    void momentsAreKeptInTheirType() throws IOException {
        Told exact = run("exact", PLAN);
        Told rounded = run("rounded", PLAN, "optimizer.state_precision=bfloat16");
        assertNear(exact.losses(), rounded.losses(), 5e-2);
        for (String name : new String[] {"exact", "rounded"}) {
            Path moments = new CheckpointStore(folder.resolve(name), 1, 0).newest(note -> { }).orElseThrow().optimizer().get(0);
            try (SafetensorsFile file = SafetensorsFile.open(moments)) {
                for (String tensor : file.names()) {
                    assertEquals(name.equals("exact") ? TensorType.F32 : TensorType.BF16, file.info(tensor).type(), tensor);
                }
            }
        }
    }

    @Test
    void microBatchesAddUp() throws IOException {
        for (String way : new String[] {PLAN, BLOCKS}) {
            Told one = run("one" + way, way);
            Told four = run("four" + way, way, "training.micro_batch=1", "training.gradient_accumulation_steps=4");
            assertNear(one.losses().subList(0, 1), four.losses().subList(0, 1), 1e-3);
            assertEquals(one.steps.get(0).gradientNorm(), four.steps.get(0).gradientNorm(), 5e-2 * one.steps.get(0).gradientNorm(), way);
            assertNear(one.losses(), four.losses(), 5e-2);
        }
        assertNear(run("again" + BLOCKS, BLOCKS, "training.micro_batch=1", "training.gradient_accumulation_steps=4").losses(),
                run("again" + PLAN, PLAN, "training.micro_batch=1", "training.gradient_accumulation_steps=4").losses(), 3e-2);
    }

    @Test
    void whatIsComputedAgainIsTheSame() throws IOException {
        Told kept = run("kept", PLAN, "training.activation_checkpointing=none");
        assertEquals(kept.losses(), run("selective", PLAN, "training.activation_checkpointing=selective").losses(), "bit by bit");
        Told again = run("again", PLAN, "training.activation_checkpointing=full");
        assertEquals(kept.losses().get(0), again.losses().get(0));
        assertNear(kept.losses(), again.losses(), 1e-2);
    }

    @Test
    void validatesAndSamplesBetweenSteps() throws IOException {
        String[] between = {"validation.every_steps=5", "sample.every_steps=5", "sample.tokens=12", "sample.prompt=the ", "sample.temperature=0"};
        Told plain = run("plain", PLAN);
        Told told = run("between", with(between, PLAN));
        assertEquals(plain.losses(), told.losses(), "looking at the model does not change its training");
        assertEquals(4, told.samples.size());
        assertTrue(told.samples.stream().noneMatch(String::isEmpty), told.samples.toString());
        double first = told.steps.get(4).validationLoss().orElseThrow();
        double last = told.steps.get(19).validationLoss().orElseThrow();
        assertTrue(last < first, "the validation loss falls: " + first + ", " + last);
        assertEquals(told.steps.get(19).loss(), last, 0.3 * last, "and is near the training loss");
    }

    /** By the blocks, on the plan's own memory, with the layout that is asked for. */
    @Test
    void probesBetweenSteps() throws IOException {
        String[] between = {"validation.every_steps=10", "validation.layout=sequence", "validation.probes=[loss, position, recall, length]",
            "validation.probe_settings=[\"length.lengths=32,64\"]"};
        Told plain = run("plain", PLAN);
        Told told = run("between", with(between, PLAN));
        assertEquals(plain.losses(), told.losses(), "looking at the model does not change its training");
        assertEquals(List.of(10L, 20L), List.copyOf(told.probed.keySet()));
        assertEquals(told.steps.get(19).validationLoss().orElseThrow(), told.probed.get(20L).get(0).bins().get(0).moments().mean(), 1e-3);
        assertEquals(List.of("loss", "loss", "position", "recall", "length", "length", "length", "length"),
                told.probed.get(20L).stream().map(ProbeResult::probe).toList());
    }

    @Test
    void gpuMemoryStaysFlat() throws IOException {
        List<Long> used = new ArrayList<>();
        Told told = new Told();
        try (TrainingRun run = new TrainingRun(config(PLAN, "training.steps=320", "training.gradient_accumulation_steps=2"), data,
                Device.gpu(), folder, told)) {
            run.run(() -> {
                used.add(CudaUtils.getGpuMemory(Device.gpu()).getCommitted());
                return false;
            });
        }
        assertEquals(320, told.steps.size());
        assertEquals(used.get(20), used.get(319), 4 << 20, "bytes after 20 and after 319 steps");
    }

    @Test
    void anArenaThatDoesNotFitIsRefusedBeforeTheRun() {
        String message = assertThrows(InvalidInputException.class, () -> new TrainingRun(config(PLAN, "training.micro_batch=600000"), data,
                Device.gpu(), folder, new Told()).close()).getMessage();
        assertTrue(message.matches("the run needs [0-9,]+ bytes of GPU memory, but only [0-9,]+ are free: weights .* lower"
                + " training.micro_batch .*"), message);
    }

    /** A step without a finite loss changes nothing, and the next one counts. */
    @Test
    void skipsWhatIsNotFinite() {
        RunConfig config = config(PLAN);
        List<String> notes = new ArrayList<>();
        PassChoice choice = PassChoice.of(config, Device.gpu());
        OlmoeModel model = ModelSetup.model(config, (Integer) null, choice);
        try (TrainStep work = new TrainStep(config, choice, model, Device.gpu(), step -> 1e-3, 10,
                new TrainStep.Watch(PartObserver.NONE, notes::add, List.of()))) {
            work.prepare();
            Parameter norm = model.getFinalNorm().getWeight();
            StepOutcome good = step(work, config, 1);
            assertFalse(good.skipped());
            assertEquals(1, work.updates());
            Map<String, float[]> before = exact(model, work.values());
            try (NDArray nan = work.manager().ones(norm.getShape()).mul(Float.NaN)) {
                work.values().write(norm, nan);
            }
            StepOutcome bad = step(work, config, 2);
            assertTrue(bad.skipped() && !Double.isFinite(bad.loss().total()), bad.toString());
            assertEquals(1, work.updates(), "a skipped update does not count");
            try (NDArray values = work.manager().create(before.get(nameOf(model, norm)))) {
                work.values().write(norm, values);
            }
            assertSame(before, exact(model, work.values()));
            StepOutcome next = step(work, config, 2);
            assertFalse(next.skipped());
            assertTrue(Double.isFinite(next.gradientNorm()) && next.gradientNorm() > 0);
            assertEquals(2, work.updates());
            assertEquals(List.of(), notes);
        }
    }

    private static String nameOf(OlmoeModel model, Parameter parameter) {
        return model.getParameters().stream().filter(named -> named.getValue() == parameter).findFirst().orElseThrow().getKey();
    }

    private static Map<String, float[]> exact(OlmoeModel model, ParameterValues values) {
        Map<String, float[]> all = new TreeMap<>();
        model.getParameters().forEach(named -> {
            try (NDArray array = values.read(named.getValue())) {
                all.put(named.getKey(), array.toFloatArray());
            }
        });
        return all;
    }

    private static StepOutcome step(TrainStep work, RunConfig config, long seed) {
        TrainingConfig training = config.training();
        int length = config.data().sequenceLength();
        work.begin();
        long[] ids = new Random(seed).longs((long) training.microBatch() * length, 0, 257).toArray();
        work.accumulate(new MicroBatch(new TokenBatch(training.microBatch(), length, ids, ids), Optional.empty()));
        return work.update();
    }
}
