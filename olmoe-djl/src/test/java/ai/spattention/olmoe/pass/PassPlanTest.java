package ai.spattention.olmoe.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import ai.spattention.Precision;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.GradientMode;
import ai.spattention.attention.fused.BandedAttention;
import ai.spattention.attention.fused.HeadTable;
import ai.spattention.common.InvalidInputException;
import ai.spattention.cublas.DenseMatmul;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.olmoe.config.LayerPatterns;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.plan.Plan;
import ai.spattention.plan.PlanReading;
import ai.spattention.plan.Region;
import ai.spattention.plan.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Plans of passes that are made, and never run: they need no GPU. */
class PassPlanTest {

    private static final CudaTarget HOPPER = new CudaTarget(0, 90, 132, 232_448);
    private static final CudaTarget AMPERE = new CudaTarget(0, 80, 108, 166_912);

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");

    @AfterEach
    void close() {
        manager.close();
    }

    private static OlmoeConfig.Builder config() {
        return OlmoeConfig.builder().setVocabSize(48).setHiddenSize(128).setIntermediateSize(64).setNumHiddenLayers(2)
                .setNumAttentionHeads(4).setNumExperts(5).setNumExpertsPerTok(2).setMaxPositionEmbeddings(64)
                .optPattern(StandardPattern.SP);
    }

    private static PassShape shape(int batch, int length, boolean documents, boolean add, Kept kept) {
        return new PassShape(batch, length, documents, add, kept);
    }

    /** A case by its name. */
    private record Case(String name, OlmoeConfig config, int batch, int length, boolean documents) {
        @Override
        public String toString() {
            return name;
        }
    }

    static List<Case> cases() {
        List<Case> cases = new ArrayList<>(List.of(
                new Case("grouped queries", config().optNumKeyValueHeads(2).build(), 2, 13, false),
                new Case("tied", config().optTieWordEmbeddings(true).build(), 2, 13, false),
                new Case("renormalized", config().optNormTopkProb(true).build(), 2, 13, false),
                new Case("documents", config().build(), 3, 11, true),
                new Case("one token", config().build(), 1, 1, false),
                new Case("one expert", config().setNumExperts(1).setNumExpertsPerTok(1).build(), 1, 9, false),
                new Case("many slots", config().setNumExperts(20).setNumExpertsPerTok(10).build(), 1, 9, false),
                new Case("sp, dense and BigBird's layers", config().setNumHiddenLayers(4).optPatterns(new LayerPatterns(List.of(
                        StandardPattern.SP, StandardPattern.CAUSAL, StandardPattern.BIGBIRD))).build(), 2, 21, true),
                new Case("one layer", config().setNumHiddenLayers(1).build(), 1, 9, false),
                new Case("all gradients of attention by one kernel", config().setNumHiddenLayers(1).setNumAttentionHeads(1)
                        .setMaxPositionEmbeddings(8191).optPattern(StandardPattern.CAUSAL).build(), 1, 8191, false)));
        for (StandardPattern pattern : StandardPattern.values()) {
            AttentionCall call = new AttentionCall(new AttentionLayout(pattern, config().build().layoutLength()), Device.gpu(),
                    DataType.BFLOAT16, 4, 4, 37, 37, 64, true, false, GradientMode.EXPLICIT);
            if (BandedAttention.unsupported(call, HOPPER).isEmpty()) {
                cases.add(new Case(pattern.toString(), config().optPattern(pattern).build(), 1, 37, pattern.ordinal() % 2 == 0));
            }
        }
        return cases;
    }

    private OlmoeModel model(OlmoeConfig config) {
        OlmoeModel model = OlmoeModel.builder().setConfig(config).optPrecision(Precision.BFLOAT16).optSeed(3).build();
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        return model;
    }

    private static Tensor constant(String name, Type type, long... sizes) {
        return Tensor.dense(Region.fixed(name, 1 << 20, 1 << 24), 0, type, sizes);
    }

    private static Plan plan(OlmoeModel model, FlatWeights weights, PassArrays arrays, CudaTarget target, PassShape shape) {
        OlmoeConfig config = model.getConfig();
        Map<AttentionPattern, PassPlan.Heads> heads = new LinkedHashMap<>();
        config.patterns().distinct().forEach(pattern -> heads.put(pattern, new PassPlan.Heads(
                constant("heads", Type.INT32, config.numAttentionHeads(), 8), HeadTable.of(new AttentionLayout(pattern,
                        config.layoutLength()).headMasks(config.numAttentionHeads(), shape.length()), shape.length())
                        .reach(shape.length(), shape.length()))));
        PassPlan.Constants constants = new PassPlan.Constants(heads, constant("cosines", Type.FLOAT32, shape.length(), config.headDim() / 2),
                constant("sines", Type.FLOAT32, shape.length(), config.headDim() / 2));
        return PassPlan.of(model, weights, constants, arrays, target, shape);
    }

    private Plan plan(OlmoeConfig config, CudaTarget target, PassShape shape) {
        OlmoeModel model = model(config);
        return plan(model, FlatWeights.of(model, manager), PassArrays.of(manager, config, shape), target, shape);
    }

    private static Set<Region> gradients(OlmoeModel model, FlatWeights weights) {
        Set<Region> regions = new LinkedHashSet<>();
        for (Pair<String, Parameter> each : model.getParameters()) {
            regions.add(weights.gradient(each.getValue(), each.getValue().getShape().getShape()).region());
        }
        return regions;
    }

    private static List<Region> results(PassArrays arrays) {
        return Stream.of(arrays.loss(), arrays.loads(), arrays.meanProbabilities(), arrays.meanSquares())
                .map(shared -> shared.tensor().region()).toList();
    }

    /** Whatever is kept, on GPUs with and without kernels of their own, written over or added up. */
    @ParameterizedTest
    @MethodSource("cases")
    void nothingIsReadBeforeItIsWritten(Case each) {
        OlmoeModel model = model(each.config);
        FlatWeights weights = FlatWeights.of(model, manager);
        Set<Region> gradients = gradients(model, weights);
        for (Kept kept : Kept.values()) {
            for (boolean add : new boolean[] {false, true}) {
                CudaTarget target = kept == Kept.UNTURNED ? AMPERE : HOPPER;
                PassShape shape = shape(each.batch, each.length, each.documents, add, kept);
                PassArrays arrays = PassArrays.of(manager, each.config, shape);
                Plan plan = plan(model, weights, arrays, target, shape);
                List<Region> empty = new ArrayList<>(results(arrays));
                if (!add) {
                    empty.addAll(gradients);
                }
                assertEquals(List.of(), PlanReading.faults(plan, empty, add ? gradients : List.of()), target + " " + shape);
                assertEquals(List.of(), PlanReading.collisions(plan), target + " " + shape);
                assertEquals(List.of(), PlanReading.misaligned(plan), target + " " + shape);
                assertEquals(List.of(), PlanReading.indivisible(plan), target + " " + shape);
            }
        }
    }

    /** So that a group's gradients can be sent once its phase has run, and its window be another's before. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void gradientsOfAGroupAreThoseOfItsPhase(boolean tied) {
        OlmoeModel model = model(config().setNumHiddenLayers(4).optTieWordEmbeddings(tied).build());
        FlatWeights weights = FlatWeights.of(model, manager);
        List<GradientGroup> groups = weights.matrices().groups();
        assertEquals(tied ? List.of("layer 3", "layer 2", "layer 1", "layer 0", "the embedding")
                : List.of("the output matrix", "layer 3", "layer 2", "layer 1", "layer 0", "the embedding"),
                groups.stream().map(GradientGroup::name).toList());
        for (Kept kept : Kept.values()) {
            for (boolean add : new boolean[] {false, true}) {
                PassShape shape = shape(2, 13, true, add, kept);
                Plan plan = plan(model, weights, PassArrays.of(manager, model.getConfig(), shape), HOPPER, shape);
                for (GradientGroup group : groups) {
                    List<String> expected = new ArrayList<>();
                    if (group.isBegunForward()) {
                        expected.add(PassPlan.FORWARD);
                    }
                    if (!group.isCompletedForward()) {
                        expected.add(PassPlan.backward(group));
                    }
                    assertEquals(expected, PlanReading.phases(plan, weights.matrices().gradients().region(), group.begin(), group.end()),
                            group.name());
                }
            }
        }
    }

    /** With windows in the place of all gradients: the same steps, which lie where their groups do. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void gradientsThatPassAreWrittenToTheirWindows(boolean tied) {
        OlmoeModel model = model(config().setNumHiddenLayers(4).optTieWordEmbeddings(tied).build());
        PassShape shape = shape(2, 13, false, false, Kept.ALL);
        PassArrays arrays = PassArrays.of(manager, model.getConfig(), shape);
        FlatWeights passing = FlatWeights.passing(model, manager, 4096);
        Plan plan = plan(model, passing, arrays, HOPPER, shape);
        assertEquals(PlanReading.names(plan(model, FlatWeights.of(model, manager), arrays, HOPPER, shape)), PlanReading.names(plan).stream()
                .map(name -> name.replaceAll("window . of gradients", "gradients of matrices")).toList());
        assertEquals(List.of(), PlanReading.misaligned(plan));
        GradientWindows windows = passing.windows().orElseThrow();
        Map<Integer, List<String>> turns = new TreeMap<>();
        for (GradientGroup group : passing.matrices().groups()) {
            Tensor whole = windows.tensor(group, group.begin(), group.end());
            assertTrue(PlanReading.phases(plan, whole.region(), 0, whole.elements()).contains(group.isCompletedForward() ? PassPlan.FORWARD
                    : PassPlan.backward(group)), group.name());
            turns.computeIfAbsent(windows.number(group), number -> new ArrayList<>()).add(group.name());
        }
        assertEquals(tied ? Map.of(0, List.of("layer 3", "layer 1"), 1, List.of("layer 2", "layer 0"), 2, List.of("the embedding"))
                : Map.of(0, List.of("the output matrix", "layer 2", "layer 0"), 1, List.of("layer 3", "layer 1", "the embedding")), turns);
    }

    @ParameterizedTest
    @EnumSource(Kept.class)
    void thePlanIsTheSameEachTime(Kept kept) {
        PassShape shape = shape(2, 13, true, false, kept);
        Plan once = plan(config().build(), HOPPER, shape);
        Plan again = plan(config().build(), HOPPER, shape);
        assertEquals(PlanReading.names(once), PlanReading.names(again));
        assertEquals(PlanReading.places(once), PlanReading.places(again));
        assertEquals(once.bytes(), again.bytes());
    }

    @Test
    void theArenaGrowsWithTokensAndLayersAndWithWhatIsKept() {
        OlmoeConfig two = config().build();
        long bytes = plan(two, HOPPER, shape(2, 32, false, false, Kept.ALL)).bytes() - DenseMatmul.WORKSPACE_BYTES;
        long twice = plan(two, HOPPER, shape(4, 32, false, false, Kept.ALL)).bytes() - DenseMatmul.WORKSPACE_BYTES;
        assertTrue(twice > 1.5 * bytes && twice < 2.5 * bytes, bytes + " and twice the tokens " + twice);
        long[] layers = new long[3];
        for (int i = 0; i < 3; i++) {
            layers[i] = plan(config().setNumHiddenLayers(4 + i).build(), HOPPER, shape(2, 32, false, false, Kept.ALL)).bytes();
        }
        assertTrue(layers[1] > layers[0]);
        assertEquals(layers[1] - layers[0], layers[2] - layers[1], "each layer keeps as much");
        OlmoeConfig many = config().setNumHiddenLayers(6).build();
        long unturned = plan(many, HOPPER, shape(2, 32, false, false, Kept.UNTURNED)).bytes();
        long inputs = plan(many, HOPPER, shape(2, 32, false, false, Kept.INPUTS)).bytes();
        assertTrue(inputs < unturned && unturned < layers[2], inputs + " < " + unturned + " < " + layers[2]);
    }

    /** What the forward phase leaves for the backward phase of a layer, element by element. */
    @Test
    void aLayerKeepsWhatItsBackwardPhaseReads() {
        long tokens = 64;
        long inputs = growth(Kept.INPUTS, tokens);
        assertEquals(tokens * 128 * 4, inputs, "the residual stream, float32");
        // beside it queries, keys, values and attended values, attention's result, and the rows' gate and up, in bfloat16
        long unturned = growth(Kept.UNTURNED, tokens);
        long kept = tokens * (128 * 4 + 2 * (5 * 128 + 2 * 2 * 64));
        // and what is small: the roots of three norms, sums of attention's rows, and of the router five numbers for each of 2 slots,
        // and probabilities
        assertTrue(unturned >= kept && unturned <= kept + tokens * 4 * (3 + 4 + 2 * 5 + 4 * 8) + 16 * 512,
                unturned + " of " + kept);
        long all = growth(Kept.ALL, tokens);
        // the rest: turned queries and keys in bfloat16
        assertEquals(unturned + tokens * 2 * 2 * 128, all, 8 * 512);
    }

    /** No bytes are looked at: there are gigabytes of them. */
    @ParameterizedTest
    @EnumSource(Kept.class)
    void regionsThatLiveTogetherLieApartInALargePass(Kept kept) {
        OlmoeConfig config = config().setHiddenSize(256).setIntermediateSize(128).setNumHiddenLayers(3).setNumExperts(64)
                .setNumExpertsPerTok(8).setMaxPositionEmbeddings(32768).build();
        for (PassShape shape : List.of(shape(1, 32768, true, true, kept), shape(8, 4096, false, false, kept))) {
            Plan plan = plan(config, HOPPER, shape);
            assertEquals(List.of(), PlanReading.collisions(plan), shape.toString());
            assertEquals(List.of(), PlanReading.misaligned(plan), shape.toString());
        }
    }

    private long growth(Kept kept, long tokens) {
        long five = plan(config().setNumHiddenLayers(5).build(), HOPPER, shape(2, (int) tokens / 2, false, false, kept)).bytes();
        return plan(config().setNumHiddenLayers(6).build(), HOPPER, shape(2, (int) tokens / 2, false, false, kept)).bytes() - five;
    }

    @Test
    void theKernelsOfAGpuAreItsOwn() {
        PassShape shape = shape(1, 9, true, false, Kept.ALL);
        List<String> hopper = PlanReading.names(plan(config().setHiddenSize(256).build(), HOPPER, shape));
        List<String> ampere = PlanReading.names(plan(config().setHiddenSize(256).build(), AMPERE, shape));
        assertTrue(hopper.contains("rows-transposed-sm_90a") && hopper.contains("forward-ranges_documents-bf16-d64-sm_90a"));
        assertTrue(ampere.contains("rows-transposed-sm_80") && ampere.contains("forward-ranges_documents-bf16-d64-sm_80"));
        assertTrue(ampere.stream().noneMatch(name -> name.endsWith("sm_90a")));
        assertEquals(2, hopper.stream().filter(name -> name.startsWith("forward-")).count(), "one a layer");
        assertEquals(1, hopper.stream().filter(name -> name.startsWith("document_spans")).count(), "documents are found once a pass");
        assertEquals(hopper.size(), ampere.size());
    }

    @Test
    void aPassHasTokens() {
        for (int[] sizes : new int[][] {{0, 1}, {1, 0}, {-1, 5}}) {
            assertEquals("a pass has at least 1 sequence of at least 1 position (got " + sizes[0] + " of " + sizes[1] + ")",
                    assertThrows(InvalidInputException.class, () -> shape(sizes[0], sizes[1], false, false, Kept.ALL)).getMessage());
        }
        assertEquals(1L << 40, shape(1 << 20, 1 << 20, false, false, Kept.ALL).tokens());
    }
}
