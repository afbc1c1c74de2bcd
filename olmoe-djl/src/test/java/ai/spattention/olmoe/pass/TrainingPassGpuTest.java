package ai.spattention.olmoe.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.util.Pair;
import ai.spattention.Precision;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.GradientMode;
import ai.spattention.attention.fused.BandedAttention;
import ai.spattention.common.InvalidInputException;
import ai.spattention.cuda.CudaDevice;
import ai.spattention.cuda.CudaStream;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.olmoe.config.LayerPatterns;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.loss.OlmoeLoss;
import ai.spattention.olmoe.model.DecoderLayer;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.pass.TrainingPass.Start;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.plan.PlanBuilder;
import ai.spattention.plan.Tensor;
import ai.spattention.segment.NoGradient;
import ai.spattention.segment.SegmentedBlock;
import ai.spattention.segment.SegmentedTrainer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The planned pass against the blocks in bfloat16, on a GPU. Two computations in bfloat16 route some tokens differently, and then nothing
 * of them can be compared: here a token takes every expert, or the choice is forced by far.
 */
class TrainingPassGpuTest {

    private static final double BALANCE = 0.01;
    private static final double SQUARES = 0.001;

    @BeforeAll
    static void needsAGpu() {
        assumeTrue(Engine.getEngine("PyTorch").getGpuCount() > 0, "skipped: no GPU here");
    }

    /** A model and a batch's shape. Forced: all tokens take the first experts. */
    private record Case(String name, OlmoeConfig config, int batch, int length, boolean documents, boolean forced) {

        @Override
        public String toString() {
            return name;
        }

        PassShape shape(boolean add, Kept kept) {
            return new PassShape(batch, length, documents, add, kept);
        }
    }

    /** Every token takes all of 4 experts. */
    private static OlmoeConfig.Builder config() {
        return OlmoeConfig.builder().setVocabSize(528).setHiddenSize(256).setIntermediateSize(128).setNumHiddenLayers(2)
                .setNumAttentionHeads(4).setNumExperts(4).setNumExpertsPerTok(4).setMaxPositionEmbeddings(512)
                .optPattern(StandardPattern.SP);
    }

    private static OlmoeConfig.Builder routed(int experts, int slots) {
        return config().setNumExperts(experts).setNumExpertsPerTok(slots);
    }

    static List<Case> cases() {
        List<Case> cases = new ArrayList<>(List.of(
                new Case("grouped queries", config().optNumKeyValueHeads(2).setNumHiddenLayers(3).build(), 2, 200, false, false),
                new Case("one head for all", config().optNumKeyValueHeads(1).build(), 1, 65, false, false),
                new Case("tied", config().optTieWordEmbeddings(true).build(), 2, 130, false, false),
                new Case("renormalized", routed(8, 2).optNormTopkProb(true).build(), 2, 130, false, true),
                new Case("documents", config().build(), 3, 211, true, false),
                new Case("bands, dense and BigBird's by turns", config().setNumHiddenLayers(4).optPatterns(new LayerPatterns(List.of(
                        StandardPattern.SP, StandardPattern.CAUSAL, StandardPattern.BIGBIRD))).build(), 2, 150, true, false),
                new Case("one token", config().build(), 1, 1, false, false),
                new Case("one expert", routed(1, 1).build(), 1, 64, false, false),
                new Case("all tokens to one expert", routed(8, 1).build(), 2, 150, false, true),
                new Case("two of twenty experts", routed(20, 2).build(), 2, 150, false, true),
                new Case("twelve slots", routed(12, 12).build(), 1, 77, false, false),
                new Case("heads of 32", config().setHiddenSize(128).build(), 2, 70, true, false),
                new Case("heads of 128", config().setHiddenSize(512).setIntermediateSize(64).build(), 1, 129, false, false)));
        for (StandardPattern pattern : StandardPattern.values()) {
            AttentionCall call = new AttentionCall(new AttentionLayout(pattern, config().build().layoutLength()), Device.gpu(),
                    DataType.BFLOAT16, 4, 4, 150, 150, 64, true, false, GradientMode.EXPLICIT);
            if (BandedAttention.unsupported(call, new CudaTarget(0, 90, 132, 232_448)).isEmpty()) {
                cases.add(new Case(pattern.toString(), config().optPattern(pattern).build(), 2, 150, pattern.ordinal() % 2 == 1, false));
            }
        }
        return cases;
    }

    /** A batch on the GPU. */
    private record Batch(NDArray tokens, NDArray targets, NDArray documents) {

        static Batch of(Case each, NDManager manager, long seed) {
            Random random = new Random(seed);
            int count = each.batch * each.length;
            long[] tokens = random.longs(count, 0, each.config.vocabSize()).toArray();
            long[] targets = random.longs(count, 0, each.config.vocabSize()).toArray();
            long[] documents = new long[count];
            for (int i = 0; i < count; i++) {
                targets[i] = i > 0 && random.nextInt(10) == 0 ? -100 : targets[i];
                documents[i] = i % each.length / 70;
            }
            Shape shape = new Shape(each.batch, each.length);
            return new Batch(manager.create(tokens, shape), manager.create(targets, shape),
                    each.documents ? manager.create(documents, shape) : null);
        }
    }

    /** A model with its values and the trainer that made them. */
    private static void with(Case each, Work work) {
        with(each, Precision.BFLOAT16, work);
    }

    private static void with(Case each, Precision precision, Work work) {
        try (Model model = Model.newInstance("test", Device.gpu(), "PyTorch")) {
            OlmoeModel block = OlmoeModel.builder().setConfig(each.config).optPrecision(precision).optSeed(3).build();
            model.setBlock(new SegmentedBlock(block));
            DefaultTrainingConfig training = new DefaultTrainingConfig(new OlmoeLoss(BALANCE, SQUARES))
                    .optDevices(new Device[] {Device.gpu()});
            try (Trainer trainer = new SegmentedTrainer(model, training)) {
                Shape shape = new Shape(each.batch, each.length);
                if (each.documents) {
                    trainer.initialize(shape, shape);
                } else {
                    trainer.initialize(shape);
                }
                if (each.forced) {
                    force(block);
                }
                work.run(block, trainer, model.getNDManager());
            }
        }
    }

    private interface Work {
        void run(OlmoeModel block, Trainer trainer, NDManager manager);
    }

    /** The first number of every hidden state is positive and large, and alone decides: experts 0, 1, then all others alike. */
    private static void force(OlmoeModel block) {
        try (NoGradient setting = new NoGradient()) {
            block.getEmbedding().getWeight().getArray().set(new NDIndex(":, 0"), 0.5f);
            for (DecoderLayer layer : block.getLayers()) {
                NDArray router = layer.getExperts().getRouter().getWeight().getArray();
                router.set(new NDIndex(":"), 0f);
                for (int expert = 0; expert < router.getShape().get(0); expert++) {
                    router.set(new NDIndex("{}, 0", expert), 0.1f - 0.15f * Math.min(expert, 2));
                }
            }
        }
    }

    /** What a pass gives. */
    private record Results(double loss, Map<String, float[]> gradients) {

        Map<String, Integer> bits() {
            Map<String, Integer> bits = new LinkedHashMap<>();
            gradients.forEach((name, values) -> bits.put(name, Arrays.hashCode(values)));
            return bits;
        }
    }

    private static Results ofBlocks(OlmoeModel block, Trainer trainer, Batch batch) {
        NDList data = batch.documents == null ? new NDList(batch.tokens) : new NDList(batch.tokens, batch.documents);
        double loss;
        try (GradientCollector collector = trainer.newGradientCollector()) {
            NDList outputs = trainer.forward(data, new NDList(batch.targets));
            NDArray total = trainer.getLoss().evaluate(new NDList(batch.targets), outputs);
            loss = outputs.get(0).toType(DataType.FLOAT32, true).toFloatArray()[0];
            collector.backward(total);
        }
        Map<String, float[]> gradients = new LinkedHashMap<>();
        for (Pair<String, Parameter> each : block.getParameters()) {
            gradients.put(each.getKey(), each.getValue().getArray().getGradient().toFloatArray());
        }
        return new Results(loss, gradients);
    }

    /** What the losses of the router's statistics give: the gradients of mean probabilities and mean squares. */
    private static NDList gradientsOfStatistics(Case each, NDList outputs, NDManager manager) {
        float layers = each.config.numHiddenLayers();
        float experts = each.config.numExperts();
        NDArray chosen = outputs.get(1).toType(DataType.FLOAT32, true).sum(new int[] {0}, true);
        double tokens = (double) each.batch * each.length;
        return new NDList(chosen.mul((float) (BALANCE * experts / (layers * tokens) / layers))
                .broadcast(new Shape((long) layers, (long) experts)).duplicate(),
                manager.full(new Shape((long) layers, 1), (float) (SQUARES / layers)));
    }

    private static Results ofPass(Case each, OlmoeModel block, TrainingPass pass, Batch batch, PassShape shape, Start start,
            NDManager manager) {
        NDList outputs = pass.forward(shape, batch.tokens, batch.targets, batch.documents, start);
        NDList gradients = gradientsOfStatistics(each, outputs, manager);
        pass.backward(shape, gradients.get(0), gradients.get(1), start);
        pass.synchronize();
        Map<String, float[]> found = new LinkedHashMap<>();
        try (CudaStream stream = new CudaStream(CudaDevice.of(0))) {
            for (Pair<String, Parameter> named : block.getParameters()) {
                Tensor gradient = pass.weights().gradient(named.getValue(), named.getValue().getArray().getShape().getShape());
                float[] values = new float[(int) gradient.elements()];
                ByteBuffer.wrap(stream.read(gradient.address(), 4 * values.length)).order(ByteOrder.nativeOrder()).asFloatBuffer()
                        .get(values);
                found.put(named.getKey(), values);
            }
        }
        if (each.forced) {
            long[] loads = outputs.get(1).toLongArray();
            int slots = each.config.numExpertsPerTok();
            for (int i = 0; i < loads.length; i++) {
                assertEquals(i % each.config.numExperts() < slots ? (long) each.batch * each.length : 0, loads[i],
                        "the choice is forced");
            }
        }
        return new Results(outputs.get(0).toFloatArray()[0], found);
    }

    private static double norm(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += (double) value * value;
        }
        return Math.sqrt(sum);
    }

    /** The norm of the difference over the norm; parameters with hardly a gradient are held against all others. */
    private static Map<String, Double> errors(Map<String, float[]> expected, Map<String, float[]> found) {
        double all = Math.sqrt(expected.values().stream().mapToDouble(values -> norm(values) * norm(values)).sum());
        Map<String, Double> errors = new LinkedHashMap<>();
        expected.forEach((name, values) -> {
            float[] own = found.get(name);
            float[] difference = new float[values.length];
            for (int i = 0; i < values.length; i++) {
                difference[i] = own[i] - values[i];
            }
            errors.put(name, norm(difference) / Math.max(norm(values), 1e-4 * all));
        });
        return errors;
    }

    /** What is too far from what is expected. */
    private static List<String> faults(Map<String, float[]> expected, Map<String, float[]> found, double tolerance) {
        List<String> faults = new ArrayList<>();
        errors(expected, found).forEach((name, error) -> {
            if (!(error <= tolerance)) {
                faults.add(String.format("%s differs by %.5f", name, error));
            }
        });
        return faults;
    }

    /** What is too far from float32's gradients; where those of bfloat16 cancel out, the blocks are hardly nearer. */
    private static List<String> faults(Results exact, Results blocks, Results found) {
        Map<String, Double> errorsOfBlocks = errors(exact.gradients, blocks.gradients);
        List<String> faults = new ArrayList<>();
        errors(exact.gradients, found.gradients).forEach((name, error) -> {
            if (!(error <= Math.max(1e-2, 1.5 * errorsOfBlocks.get(name)))) {
                faults.add(String.format("%s differs by %.5f, the blocks' by %.5f", name, error, errorsOfBlocks.get(name)));
            }
        });
        return faults;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void agreesWithTheBlocks(Case each) {
        Results[] exact = new Results[1];
        with(each, Precision.FLOAT32, (block, trainer, manager) ->
                exact[0] = ofBlocks(block, trainer, Batch.of(each, manager, 5)));
        with(each, (block, trainer, manager) -> {
            Batch batch = Batch.of(each, manager, 5);
            Results expected = ofBlocks(block, trainer, batch);
            List<String> faults = new ArrayList<>();
            try (TrainingPass pass = new TrainingPass(block, manager)) {
                PassShape shape = each.shape(false, Kept.ALL);
                Results first = ofPass(each, block, pass, batch, shape, Start.LAUNCHES, manager);
                assertEquals(expected.loss, first.loss, 1e-3 * expected.loss);
                faults.addAll(faults(exact[0], expected, first));
                same(faults, "the second time", first, ofPass(each, block, pass, batch, shape, Start.LAUNCHES, manager));
                same(faults, "as a graph", first, ofPass(each, block, pass, batch, shape, Start.GRAPH, manager));
                same(faults, "as a graph again", first, ofPass(each, block, pass, batch, shape, Start.GRAPH, manager));
                assertTrue(pass.arenaBytes() > 0);
                pass.release();
                assertEquals(0, pass.arenaBytes());
                same(faults, "in other memory", first, ofPass(each, block, pass, batch, shape, Start.GRAPH, manager));
                same(faults, "with what is cheap computed again", first,
                        ofPass(each, block, pass, batch, each.shape(false, Kept.UNTURNED), Start.LAUNCHES, manager));
                Results inputs = ofPass(each, block, pass, batch, each.shape(false, Kept.INPUTS), Start.LAUNCHES, manager);
                faults(first.gradients, inputs.gradients, 1e-3).forEach(fault -> faults.add("with layers computed again: " + fault));
            }
            watched(() -> {
                for (Kept kept : Kept.values()) {
                    try (TrainingPass pass = new TrainingPass(block, manager)) {
                        Results found = ofPass(each, block, pass, batch, each.shape(false, kept), Start.LAUNCHES, manager);
                        faults(exact[0], expected, found)
                                .forEach(fault -> faults.add("watched, " + kept + " kept: " + fault));
                    } catch (IllegalStateException e) {
                        faults.add(kept + " kept: " + e.getMessage());
                    }
                }
            });
            assertEquals(List.of(), faults);
        });
    }

    private static void same(List<String> faults, String when, Results first, Results again) {
        if (first.loss != again.loss) {
            faults.add(when + " the loss is " + again.loss + ", not " + first.loss);
        }
        Map<String, Integer> bits = again.bits();
        first.bits().forEach((name, value) -> {
            if (!value.equals(bits.get(name))) {
                faults.add(when + " " + name + " has other bits");
            }
        });
    }

    private static void watched(Runnable work) {
        System.setProperty(PlanBuilder.WATCH, "true");
        try {
            work.run();
        } finally {
            System.clearProperty(PlanBuilder.WATCH);
        }
    }

    private static void check(Case each, Consumer<List<String>> work) {
        List<String> faults = new ArrayList<>();
        work.accept(faults);
        assertEquals(List.of(), faults, each.name);
    }

    @Test
    void gradientsOfPassesAreAddedUp() {
        for (boolean tied : new boolean[] {false, true}) {
            Case each = new Case("sums", config().optTieWordEmbeddings(tied).build(), 2, 130, false, false);
            with(each, (block, trainer, manager) -> check(each, faults -> {
                try (TrainingPass pass = new TrainingPass(block, manager)) {
                    Batch one = Batch.of(each, manager, 5);
                    Batch two = Batch.of(each, manager, 6);
                    PassShape writing = each.shape(false, Kept.ALL);
                    Results first = ofPass(each, block, pass, one, writing, Start.LAUNCHES, manager);
                    Results second = ofPass(each, block, pass, two, writing, Start.LAUNCHES, manager);
                    ofPass(each, block, pass, one, writing, Start.LAUNCHES, manager);
                    Results sum = ofPass(each, block, pass, two, each.shape(true, Kept.ALL), Start.LAUNCHES, manager);
                    Map<String, float[]> expected = new LinkedHashMap<>();
                    first.gradients.forEach((name, values) -> {
                        float[] both = values.clone();
                        for (int i = 0; i < both.length; i++) {
                            both[i] += second.gradients.get(name)[i];
                        }
                        expected.put(name, both);
                    });
                    // a tied matrix gets two parts a pass, one after the other
                    faults.addAll(faults(expected, sum.gradients, tied ? 1e-5 : 0));
                    assertEquals(second.loss, sum.loss, "what is added up does not change the loss");
                }
            }));
        }
    }

    /** Plans of several shapes share an arena, which grows. */
    @Test
    void shapesTakeTurns() {
        Case small = new Case("small", config().build(), 1, 40, false, false);
        Case large = new Case("large", config().build(), 3, 170, false, false);
        Case packed = new Case("packed", config().build(), 2, 90, true, false);
        with(small, (block, trainer, manager) -> check(small, faults -> {
            try (TrainingPass pass = new TrainingPass(block, manager)) {
                Map<Case, Results> first = new LinkedHashMap<>();
                for (int round = 0; round < 3; round++) {
                    for (Case each : List.of(small, large, packed)) {
                        Start start = round == 1 ? Start.GRAPH : Start.LAUNCHES;
                        Batch batch = Batch.of(each, manager, 5);
                        Results found = ofPass(each, block, pass, batch, each.shape(false, Kept.ALL), start, manager);
                        Results before = first.putIfAbsent(each, found);
                        if (before != null) {
                            same(faults, "in round " + round + " of " + each, before, found);
                        }
                    }
                }
                assertTrue(pass.arenaBytes() > 0);
            }
        }));
    }

    @Test
    void documentsAreGivenWhereThePassHasThem() {
        Case each = new Case("plain", config().build(), 1, 16, false, false);
        with(each, (block, trainer, manager) -> {
            try (TrainingPass pass = new TrainingPass(block, manager)) {
                Batch batch = Batch.of(each, manager, 5);
                PassShape shape = each.shape(false, Kept.ALL);
                assertEquals("the pass was made for sequences without documents", assertThrows(InvalidInputException.class,
                        () -> pass.forward(shape, batch.tokens, batch.targets, batch.tokens, Start.LAUNCHES)).getMessage());
            }
        });
    }
}
