package ai.spattention.olmoe.pass;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.spattention.RotaryEmbedding;
import ai.spattention.attention.AttentionDropout;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.fused.BandedAttention;
import ai.spattention.attention.fused.HeadReach;
import ai.spattention.attention.fused.HeadTable;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.embedding.EmbeddingSteps;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.DecoderLayer;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.plan.FillStep;
import ai.spattention.plan.Plan;
import ai.spattention.plan.Tensor;
import ai.spattention.querykeyrotary.QueryKeyRotarySteps;
import ai.spattention.rmsnorm.RmsNormSteps;
import ai.spattention.router.RouterSteps;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Makes the plan of a training pass, in the phases {@link #FORWARD} and {@link #backward}. */
final class PassPlan {

    /** The phase that computes the losses, and the gradients of the last norm's result and of the output matrix. */
    static final String FORWARD = "forward";

    /**
     * The phases that compute all other gradients.
     *
     * @param groups of the model
     * @return one for each group that the forward phase does not complete, in their order
     */
    static List<String> backward(List<GradientGroup> groups) {
        return groups.stream().filter(group -> !group.isCompletedForward()).map(PassPlan::backward).toList();
    }

    /** The phase that completes the gradients of a group. */
    static String backward(GradientGroup group) {
        return "backward of " + group;
    }

    /**
     * Constants that a pass reads.
     *
     * @param heads what the heads see under each pattern of the layers
     * @param cosines of the positions' angles, [N, head dimension / 2], float32
     * @param sines of the same angles
     */
    record Constants(Map<AttentionPattern, Heads> heads, Tensor cosines, Tensor sines) {

        /**
         * The constants of a model.
         *
         * @param manager owns the head tables, and says where all lie
         * @param config the model's configuration
         * @param rotary the positions' angles, which stay there for as long as the plan is used
         * @param length N
         * @return the constants
         */
        static Constants of(NDManager manager, OlmoeConfig config, RotaryEmbedding rotary, int length) {
            Map<AttentionPattern, Heads> heads = new LinkedHashMap<>();
            config.patterns().distinct().forEach(pattern -> heads.put(pattern, Heads.of(manager, config, pattern, length)));
            NDList angles = rotary.table(manager.getDevice(), length);
            return new Constants(heads, tensor("cosines", angles.get(0)), tensor("sines", angles.get(1)));
        }

        /** The memory of the head tables. */
        long headBytes() {
            return heads.values().stream().mapToLong(each -> each.table.region().bytes()).sum();
        }

        /** The memory of cosines and sines, which plans share. */
        long angleBytes() {
            return cosines.region().bytes() + sines.region().bytes();
        }

        private static Tensor tensor(String name, NDArray array) {
            return Tensor.of(name, TorchTensors.view(array));
        }
    }

    /**
     * What the heads see under a pattern.
     *
     * @param table [H, 8], int32
     * @param reach what of that decides which code computes it
     */
    record Heads(Tensor table, HeadReach reach) {

        private static Heads of(NDManager manager, OlmoeConfig config, AttentionPattern pattern, int length) {
            int rows = config.numAttentionHeads();
            HeadTable heads = HeadTable.of(new AttentionLayout(pattern, config.layoutLength()).headMasks(rows, length), length);
            NDArray table = manager.create(heads.rows(), new Shape(rows, HeadTable.COLUMNS));
            return new Heads(Constants.tensor("head table of " + pattern.patternName(), table), heads.reach(length, length));
        }
    }

    private final OlmoeModel model;
    private final OlmoeConfig config;
    private final WeightPlaces weights;
    private final PassContext context;
    private final boolean add;
    private final RmsNormSteps norms;
    private final Map<AttentionPattern, LayerPass> layers = new HashMap<>();
    private final List<BandedAttention> attentions = new ArrayList<>();
    private final PassArrays arrays;
    private final long tokens;
    private final long size;

    private PassPlan(OlmoeModel model, WeightPlaces weights, Constants constants, PassArrays arrays, CudaTarget target, PassShape shape) {
        this.model = model;
        this.weights = weights;
        config = model.getConfig();
        context = new PassContext(target, config, shape);
        add = shape.addGradients();
        tokens = shape.tokens();
        size = config.hiddenSize();
        this.arrays = arrays;
        norms = new RmsNormSteps(context.plan, config.rmsNormEps());
        QueryKeyRotarySteps rotary = new QueryKeyRotarySteps(context.plan,
                new QueryKeyRotarySteps.Positions(constants.cosines, constants.sines, shape.length(), 0), config.rmsNormEps());
        ExpertsPass experts = new ExpertsPass(context);
        constants.heads.forEach((pattern, heads) -> {
            BandedAttention attention = new BandedAttention(context.plan, new BandedAttention.Sight(heads.table, heads.reach,
                    shape.documents() ? arrays.documents().tensor() : null), config.headDim(), AttentionDropout.NONE);
            attentions.add(attention);
            layers.put(pattern, new LayerPass(context, norms, new AttentionPass(context, attention, rotary), experts));
        });
    }

    /**
     * Makes a plan.
     *
     * @param model the model, with its shapes
     * @param weights where weights and gradients lie
     * @param constants what the pass reads besides
     * @param arrays through which it is fed and read
     * @param target the GPU
     * @param shape what the plan is for
     * @return the plan
     */
    static Plan of(OlmoeModel model, WeightPlaces weights, Constants constants, PassArrays arrays, CudaTarget target, PassShape shape) {
        return new PassPlan(model, weights, constants, arrays, target, shape).make();
    }

    private Plan make() {
        context.plan.phase(FORWARD);
        context.plan.part("embedding");
        Parameter vectors = model.getEmbedding().getWeight();
        EmbeddingSteps embedding = new EmbeddingSteps(context.plan);
        Tensor embeddedTokens = context.single("embedded tokens", tokens, size);
        long[] embedded = {config.vocabSize(), size};
        embedding.forward(arrays.tokens().tensor(), weights.high(vectors, embedded), weights.low(vectors, embedded),
                embeddedTokens);
        context.plan.part("attention");
        attentions.forEach(BandedAttention::findDocuments);
        List<LayerPass.State> states = new ArrayList<>();
        LayerPass.Stream stream = LayerPass.Stream.of(embeddedTokens);
        for (int number = 0; number < config.numHiddenLayers(); number++) {
            DecoderLayer block = model.getLayers().get(number);
            LayerPass.Result result = layer(number).forward(LayerWeights.of(block, config, weights),
                    LayerWeights.gradients(block, config, weights), statistics(number, false), stream);
            states.add(result.state());
            stream = result.stream();
        }
        context.plan.part("norms and residuals");
        Tensor last = context.single("last residual stream", tokens, size);
        Tensor lastRoot = context.single("root of the last norm", tokens);
        Tensor hidden = context.half("last hidden states", tokens, size);
        Tensor hiddenGradient = context.half("gradient of last hidden states", tokens, size);
        Parameter finalNorm = model.getFinalNorm().getWeight();
        norms.forwardOfSum(stream.stream(), stream.branch(), stream.rows(), weights.vectors(finalNorm), last, hidden, lastRoot);
        Parameter output = model.getOutputWeight();
        new HeadPass(context).forward(hidden, arrays.targets().tensor(), weights.high(output, embedded), weights.gradient(output, embedded),
                hiddenGradient, arrays.loss().tensor(), add);

        Iterator<String> phases = backward(GradientGroup.of(model)).iterator();
        context.plan.phase(phases.next());
        context.plan.part("norms and residuals");
        Tensor gradient = context.single("gradient of the residual stream", tokens, size);
        Tensor branch = context.half("gradient of the residual stream, rounded", tokens, size);
        norms.backward(new RmsNormSteps.Backward(last, weights.vectors(finalNorm), lastRoot, hiddenGradient, gradient, branch,
                weights.gradient(finalNorm, size)), add);
        for (int number = states.size() - 1; number >= 0; number--) {
            branch = layer(number).backward(states.get(number), gradient, branch, statistics(number, true));
            context.plan.phase(phases.next());
        }
        context.plan.part("embedding");
        Tensor vectorGradient = weights.gradient(vectors, embedded);
        if (!add && !config.tieWordEmbeddings()) {
            context.plan.add(new FillStep(vectorGradient));
        }
        embedding.backward(arrays.tokens().tensor(), gradient, vectorGradient, config.paddingIndex());
        return context.plan.build();
    }

    private LayerPass layer(int number) {
        return layers.get(config.patterns().of(number));
    }

    private RouterSteps.Statistics statistics(int layer, boolean gradients) {
        return new RouterSteps.Statistics(arrays.loads().line(layer),
                (gradients ? arrays.probabilityGradients() : arrays.meanProbabilities()).line(layer),
                (gradients ? arrays.squareGradients() : arrays.meanSquares()).line(layer));
    }
}
