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
     * @param attended the attention's result, [T, C], bfloat16: with the input, the residual stream before the experts
     * @param totalRoot of that stream's rows
     * @param experts of the experts
     */
    record State(LayerWeights weights, LayerWeights gradients, RouterSteps.Statistics statistics, Tensor input, Tensor inputRoot,
            AttentionPass.State attention, Tensor attended, Tensor totalRoot, ExpertsPass.State experts) {

        State with(AttentionPass.State whole) {
            return new State(weights, gradients, statistics, input, inputRoot, whole, attended, totalRoot, experts);
        }
    }

    /**
     * A residual stream and what is still to be added to it: nothing before the first layer, then both.
     *
     * @param stream [T, C], float32
     * @param branch the attention's result, [T, C], bfloat16
     * @param rows the experts'
     */
    record Stream(Tensor stream, Tensor branch, RmsNormSteps.Slots rows) {

        /** The stream that nothing is added to. */
        static Stream of(Tensor stream) {
            return new Stream(stream, null, null);
        }
    }

    /** A layer's state and its result. */
    record Result(State state, Stream stream) {}

    private record Up(State state, ExpertsPass.Up experts) {}

    Result forward(LayerWeights weights, LayerWeights gradients, RouterSteps.Statistics statistics, Stream before) {
        Up up = up(weights, gradients, statistics, before);
        return new Result(up.state, new Stream(up.state.input, up.state.attended, experts.down(up.experts, weights)));
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
            norms.forwardOfSum(before.stream, before.branch, before.rows, weights.attentionNorm(), input, hidden, inputRoot);
        }
        Tensor attended = context.half("result of attention", tokens, size);
        AttentionPass.State attentionState = attention.forward(hidden, weights, attended);
        context.plan.part("norms and residuals");
        Tensor totalRoot = context.single("root of experts' norm", tokens);
        Tensor normed = context.half("input of experts", tokens, size);
        norms.forwardOfSum(input, attended, weights.expertsNorm(), null, normed, totalRoot);
        ExpertsPass.Up up = experts.up(normed, weights, statistics);
        return new Up(new State(weights, gradients, statistics, input, inputRoot, attentionState, attended, totalRoot, up.state()), up);
    }

    /** The whole state again, where not all of it was kept. */
    private State restored(State state) {
        return switch (context.shape.kept()) {
            case ALL -> state;
            case UNTURNED -> state.with(attention.again(state.attention, state.weights));
            case INPUTS -> up(state.weights, state.gradients, state.statistics, Stream.of(state.input)).state;
        };
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
        ExpertsPass.Gradients ofExperts = experts.backward(state.experts, state.weights, state.gradients, rounded, statisticsGradients,
                routerGradient, add);
        context.plan.part("norms and residuals");
        Tensor middle = context.half("gradient of attention's result", tokens, size);
        Tensor normed = context.half("input of experts again", tokens, size);
        norms.backwardOfSum(new RmsNormSteps.Backward(state.input, state.weights.expertsNorm(), state.totalRoot, routerGradient,
                gradient, middle, state.gradients.expertsNorm()), state.attended, gradient, ofExperts.rows(), normed, add);
        experts.weights(state.experts, ofExperts, normed, state.gradients, add);
        Tensor hiddenGradient = context.half("gradient of attention's input", tokens, size);
        Tensor projectedGradient = attention.backward(state.attention, state.weights, state.gradients, middle, hiddenGradient, add);
        context.plan.part("norms and residuals");
        Tensor before = context.half("gradient of the residual stream, rounded", tokens, size);
        Tensor hidden = context.half("input of attention again", tokens, size);
        norms.backwardOfSum(new RmsNormSteps.Backward(state.input, state.weights.attentionNorm(), state.inputRoot, hiddenGradient,
                gradient, before, state.gradients.attentionNorm()), gradient, hidden, add);
        attention.weights(projectedGradient, hidden, state.gradients, add);
        return before;
    }
}
