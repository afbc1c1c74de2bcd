package ai.spattention.olmoe.pass;

import ai.djl.nn.Parameter;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.embedding.EmbeddingSteps;
import ai.spattention.kernel.FusedSteps;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.DecoderLayer;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.plan.FillStep;
import ai.spattention.plan.Plan;
import ai.spattention.plan.Tensor;
import ai.spattention.querykeyrotary.QueryKeyRotarySteps;
import ai.spattention.rmsnorm.RmsNormSteps;
import ai.spattention.router.RouterSteps;
import java.util.ArrayList;
import java.util.List;

/** Makes the plan of a training pass, in the phases {@link #FORWARD} and {@link #BACKWARD}. */
final class PassPlan {

    /** The phase that computes the losses, and the gradients of the last norm's result and of the output matrix. */
    static final String FORWARD = "forward";

    /** The phase that computes all other gradients. */
    static final String BACKWARD = "backward";

    /**
     * Constants that a pass reads.
     *
     * @param heads what the heads see, [H, 8], int32
     * @param general whether a head has a prefix or a stride
     * @param cosines of the positions' angles, [N, head dimension / 2], float32
     * @param sines of the same angles
     */
    record Constants(Tensor heads, boolean general, Tensor cosines, Tensor sines) {}

    /** A layer's arrays that its backward pass needs. */
    private record Layer(LayerWeights weights, LayerWeights gradients, Tensor input, Tensor inputRoot, AttentionPass.Kept attention,
            Tensor total, Tensor totalRoot, ExpertsPass.Kept experts) {}

    private final OlmoeModel model;
    private final OlmoeConfig config;
    private final FlatWeights weights;
    private final PassContext context;
    private final boolean add;
    private final RmsNormSteps norms;
    private final AttentionPass attention;
    private final ExpertsPass experts;
    private final FusedSteps fused;
    private final PassArrays arrays;
    private final long tokens;
    private final long size;

    private PassPlan(OlmoeModel model, FlatWeights weights, Constants constants, PassArrays arrays, CudaTarget target, PassShape shape) {
        this.model = model;
        this.weights = weights;
        config = model.getConfig();
        context = new PassContext(target, config, shape);
        add = shape.addGradients();
        tokens = shape.tokens();
        size = config.hiddenSize();
        this.arrays = arrays;
        Tensor spans = shape.documents()
                ? context.plan.array("ends of documents", Type.INT32, shape.batch(), 4, shape.length()) : null;
        fused = new FusedSteps(context.plan, target,
                new FusedSteps.Sight(constants.heads, constants.general, shape.documents() ? arrays.documents().tensor() : null, spans));
        attention = new AttentionPass(context, fused, new QueryKeyRotarySteps(context.plan, target, constants.cosines,
                constants.sines, shape.length(), config.rmsNormEps()));
        experts = new ExpertsPass(context);
        norms = new RmsNormSteps(context.plan, target, config.rmsNormEps());
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
    static Plan of(OlmoeModel model, FlatWeights weights, Constants constants, PassArrays arrays, CudaTarget target, PassShape shape) {
        return new PassPlan(model, weights, constants, arrays, target, shape).make();
    }

    private Plan make() {
        context.plan.phase(FORWARD);
        context.plan.part("embedding");
        Parameter vectors = model.getEmbedding().getWeight();
        EmbeddingSteps embedding = new EmbeddingSteps(context.plan, context.target);
        Tensor stream = context.single("embedded tokens", tokens, size);
        long[] embedded = {config.vocabSize(), size};
        embedding.forward(arrays.tokens().tensor(), weights.high(vectors, embedded), weights.low(vectors, embedded), stream);
        context.plan.part("attention");
        fused.findDocuments();
        List<Layer> layers = new ArrayList<>();
        RmsNormSteps.Slots rows = null;
        for (int number = 0; number < config.numHiddenLayers(); number++) {
            Layer layer = forward(model.getLayers().get(number), stream, rows, statistics(number, false));
            layers.add(layer);
            stream = layer.total;
            rows = new RmsNormSteps.Slots(layer.experts.outputs(), layer.experts.routed().places());
        }
        context.plan.part("norms and residuals");
        Tensor last = context.single("last residual stream", tokens, size);
        Tensor lastRoot = context.single("root of the last norm", tokens);
        Tensor hidden = context.half("last hidden states", tokens, size);
        Tensor hiddenGradient = context.half("gradient of last hidden states", tokens, size);
        Parameter finalNorm = model.getFinalNorm().getWeight();
        norms.forwardOfSum(stream, rows, weights.vectors(finalNorm), last, hidden, lastRoot);
        Parameter output = model.getOutputWeight();
        new HeadPass(context).forward(hidden, arrays.targets().tensor(), weights.high(output, embedded), weights.gradient(output, embedded),
                hiddenGradient, arrays.loss().tensor(), add);

        context.plan.phase(BACKWARD);
        context.plan.part("norms and residuals");
        Tensor gradient = context.single("gradient of the residual stream", tokens, size);
        Tensor branch = context.half("gradient of the residual stream, rounded", tokens, size);
        norms.backward(new RmsNormSteps.Backward(last, weights.vectors(finalNorm), lastRoot, hiddenGradient, gradient, branch,
                weights.gradient(finalNorm, size)), add);
        for (int number = layers.size() - 1; number >= 0; number--) {
            branch = backward(layers.get(number), gradient, branch, statistics(number, true));
        }
        context.plan.part("embedding");
        Tensor vectorGradient = weights.gradient(vectors, embedded);
        if (!add && !config.tieWordEmbeddings()) {
            context.plan.add(new FillStep(vectorGradient));
        }
        embedding.backward(arrays.tokens().tensor(), gradient, vectorGradient, config.paddingIndex());
        return context.plan.build();
    }

    private RouterSteps.Statistics statistics(int layer, boolean gradients) {
        return new RouterSteps.Statistics(arrays.loads().line(layer),
                (gradients ? arrays.probabilityGradients() : arrays.meanProbabilities()).line(layer),
                (gradients ? arrays.squareGradients() : arrays.meanSquares()).line(layer));
    }

    private Layer forward(DecoderLayer block, Tensor stream, RmsNormSteps.Slots rows, RouterSteps.Statistics statistics) {
        LayerWeights own = LayerWeights.of(block, config, weights);
        context.plan.part("norms and residuals");
        Tensor hidden = context.half("input of attention", tokens, size);
        Tensor inputRoot = context.single("root of attention's norm", tokens);
        Tensor input = stream;
        if (rows == null) {
            norms.forward(stream, own.attentionNorm(), hidden, inputRoot);
        } else {
            input = context.single("residual stream before attention", tokens, size);
            norms.forwardOfSum(stream, rows, own.attentionNorm(), input, hidden, inputRoot);
        }
        Tensor attended = context.half("result of attention", tokens, size);
        AttentionPass.Kept kept = attention.forward(hidden, own, attended);
        context.plan.part("norms and residuals");
        Tensor total = context.single("residual stream before experts", tokens, size);
        Tensor totalRoot = context.single("root of experts' norm", tokens);
        Tensor normed = context.half("input of experts", tokens, size);
        norms.forwardOfSum(input, attended, own.expertsNorm(), total, normed, totalRoot);
        return new Layer(own, LayerWeights.gradients(block, config, weights), input, inputRoot, kept, total, totalRoot,
                experts.forward(normed, own, statistics));
    }

    /** gradient: of the residual stream after the layer, then of the one before it. Returns the latter in bfloat16. */
    private Tensor backward(Layer layer, Tensor gradient, Tensor branch, RouterSteps.Statistics statisticsGradients) {
        Tensor routerGradient = context.half("gradient of hidden states from the router", tokens, size);
        Tensor rowGradients = experts.backward(layer.experts, layer.weights, layer.gradients, branch, statisticsGradients,
                routerGradient, add);
        context.plan.part("norms and residuals");
        Tensor middle = context.half("gradient of attention's result", tokens, size);
        norms.backwardOfSum(new RmsNormSteps.Backward(layer.total, layer.weights.expertsNorm(), layer.totalRoot, routerGradient,
                gradient, middle, layer.gradients.expertsNorm()),
                new RmsNormSteps.Slots(rowGradients, layer.experts.routed().places()), add);
        Tensor hiddenGradient = context.half("gradient of attention's input", tokens, size);
        attention.backward(layer.attention, layer.weights, layer.gradients, middle, hiddenGradient, add);
        context.plan.part("norms and residuals");
        Tensor before = context.half("gradient of the residual stream, rounded", tokens, size);
        norms.backwardOfSum(new RmsNormSteps.Backward(layer.input, layer.weights.attentionNorm(), layer.inputRoot, hiddenGradient,
                gradient, before, layer.gradients.attentionNorm()), add);
        return before;
    }
    }
