package ai.spattention.olmoe.pass;

import ai.spattention.plan.Tensor;
import ai.spattention.rmsnorm.RmsNormSteps;
import ai.spattention.router.RouterSteps;

/** A layer in a pass: x + attention(norm(x)), then x + experts(norm(x)), the experts' rows to be added up by whoever reads them next. */
final class LayerPass {

    private final PassContext context;
    private final RmsNormSteps norms;
    private final AttentionPass attention;
    private final ExpertsPass experts;
    private final long tokens;
    private final long size;

    LayerPass(PassContext context, RmsNormSteps norms, AttentionPass attention, ExpertsPass experts) {
        this.context = context;
        this.norms = norms;
        this.attention = attention;
        this.experts = experts;
        tokens = context.shape.tokens();
        size = context.config.hiddenSize();
    }

    /**
     * What the backward phase needs.
     *
     * @param weights the layer's
     * @param gradients the layer's
     * @param statistics what the router writes
     * @param input the residual stream before attention, [T, C], float32
     * @param inputRoot of its rows
     * @param attention of the attention
     * @param total the residual stream before the experts, [T, C], float32
     * @param totalRoot of its rows
     * @param experts of the experts
     */
    record State(LayerWeights weights, LayerWeights gradients, RouterSteps.Statistics statistics, Tensor input, Tensor inputRoot,
            AttentionPass.State attention, Tensor total, Tensor totalRoot, ExpertsPass.State experts) {}

    /**
     * A residual stream, [T, C], float32, and rows that are still to be added to it.
     *
     * @param stream without the rows
     * @param rows null where there are none
     */
    record Stream(Tensor stream, RmsNormSteps.Slots rows) {}

    /** A layer's state and its result. */
    record Result(State state, Stream stream) {}

    private record Up(State state, ExpertsPass.Up experts) {}

    private record Middle(Tensor total, Tensor totalRoot, Tensor normed) {}

    Result forward(LayerWeights weights, LayerWeights gradients, RouterSteps.Statistics statistics, Stream before) {
        Up up = up(weights, gradients, statistics, before);
        return new Result(up.state, new Stream(up.state.total, experts.down(up.experts, weights)));
    }

    /** All but the experts' last product, whose result no gradient needs. */
    private Up up(LayerWeights weights, LayerWeights gradients, RouterSteps.Statistics statistics, Stream before) {
        context.plan.part("norms and residuals");
        Tensor hidden = context.half("input of attention", tokens, size);
        Tensor inputRoot = context.single("root of attention's norm", tokens);
        Tensor input = before.stream;
        if (before.rows == null) {
            norms.forward(input, weights.attentionNorm(), hidden, inputRoot);
        } else {
            input = context.single("residual stream before attention", tokens, size);
            norms.forwardOfSum(before.stream, before.rows, weights.attentionNorm(), input, hidden, inputRoot);
        }
        Tensor attended = context.half("result of attention", tokens, size);
        AttentionPass.State attentionState = attention.forward(hidden, weights, attended);
        Middle middle = middle(input, attended, weights);
        ExpertsPass.Up up = experts.up(middle.normed, weights, statistics);
        return new Up(new State(weights, gradients, statistics, input, inputRoot, attentionState, middle.total, middle.totalRoot, up.state()),
                up);
    }

    /** The residual stream between attention and experts: its root, and its norm, which the experts take. */
    private Middle middle(Tensor input, Tensor attended, LayerWeights weights) {
        context.plan.part("norms and residuals");
        Tensor total = context.single("residual stream before experts", tokens, size);
        Tensor totalRoot = context.single("root of experts' norm", tokens);
        Tensor normed = context.half("input of experts", tokens, size);
        norms.forwardOfSum(input, attended, weights.expertsNorm(), total, normed, totalRoot);
        return new Middle(total, totalRoot, normed);
    }

    /** The whole state again, where not all of it was kept. */
    private State restored(State state) {
        return switch (context.shape.kept()) {
            case ALL -> state;
            case PRODUCTS -> withoutProducts(state);
            case INPUTS -> up(state.weights, state.gradients, state.statistics, new Stream(state.input, null)).state;
        };
    }

    private State withoutProducts(State state) {
        context.plan.part("norms and residuals");
        Tensor hidden = context.half("input of attention", tokens, size);
        norms.again(state.input, state.weights.attentionNorm(), state.inputRoot, hidden);
        Tensor attended = context.half("result of attention", tokens, size);
        AttentionPass.State attentionState = attention.again(state.attention, state.weights, hidden, attended);
        Middle middle = middle(state.input, attended, state.weights);
        return new State(state.weights, state.gradients, state.statistics, state.input, state.inputRoot, attentionState, middle.total,
                middle.totalRoot, state.experts.with(middle.normed));
    }

    /**
     * Adds the backward phase.
     *
     * @param kept of the forward phase
     * @param gradient of the residual stream after the layer, [T, C], float32; then of the one before it
     * @param rounded the same in bfloat16
     * @param statisticsGradients of the router's statistics
     * @return the gradient of the residual stream before the layer in bfloat16
     */
    Tensor backward(State kept, Tensor gradient, Tensor rounded, RouterSteps.Statistics statisticsGradients) {
        State state = restored(kept);
        boolean add = context.shape.addGradients();
        Tensor routerGradient = context.half("gradient of hidden states from the router", tokens, size);
        RmsNormSteps.Slots rowGradients = experts.backward(state.experts, state.weights, state.gradients, rounded, statisticsGradients,
                routerGradient, add);
        context.plan.part("norms and residuals");
        Tensor middle = context.half("gradient of attention's result", tokens, size);
        norms.backwardOfSum(new RmsNormSteps.Backward(state.total, state.weights.expertsNorm(), state.totalRoot, routerGradient,
                gradient, middle, state.gradients.expertsNorm()), gradient, rowGradients, add);
        Tensor hiddenGradient = context.half("gradient of attention's input", tokens, size);
        attention.backward(state.attention, state.weights, state.gradients, middle, hiddenGradient, add);
        context.plan.part("norms and residuals");
        Tensor before = context.half("gradient of the residual stream, rounded", tokens, size);
        norms.backwardOfSum(new RmsNormSteps.Backward(state.input, state.weights.attentionNorm(), state.inputRoot, hiddenGradient,
                gradient, before, state.gradients.attentionNorm()), gradient, add);
        return before;
    }
}
