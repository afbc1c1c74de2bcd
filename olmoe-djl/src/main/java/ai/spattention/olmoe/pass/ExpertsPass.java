package ai.spattention.olmoe.pass;

import ai.spattention.groupedmatmul.GroupedMatmulSteps;
import ai.spattention.plan.Tensor;
import ai.spattention.rmsnorm.RmsNormSteps;
import ai.spattention.router.RouterSteps;
import ai.spattention.swiglu.SwiGluSteps;

/** The mixture of experts of a layer in a pass: router, rows in the experts' order, and the experts' products. */
final class ExpertsPass {

    private final PassContext context;
    private final RouterSteps router;
    private final SwiGluSteps gate;
    private final long rowCount;
    private final long hiddenSize;
    private final long width;

    ExpertsPass(PassContext context) {
        this.context = context;
        router = new RouterSteps(context.plan, context.products, new RouterSteps.Sizes(context.shape.tokens(),
                context.config.numExperts(), context.config.numExpertsPerTok(), context.config.normTopkProb(),
                GroupedMatmulSteps.rowsOfTile(context.target)));
        gate = new SwiGluSteps(context.plan);
        rowCount = context.shape.tokens() * context.config.numExpertsPerTok();
        hiddenSize = context.config.hiddenSize();
        width = context.config.intermediateSize();
    }

    /** What the backward pass needs. */
    record State(RouterSteps.Routed routed, Tensor both) {}

    /** The state, and the gated rows [S, I]. */
    record Up(State state, Tensor inner) {}

    private GroupedMatmulSteps experts(RouterSteps.Routed routed) {
        return new GroupedMatmulSteps(context.plan, routed.ends(), routed.tileEnds());
    }

    /** Everything but the last product. hidden [T, C] bfloat16. */
    Up up(Tensor hidden, LayerWeights weights, RouterSteps.Statistics statistics) {
        context.plan.part("router");
        RouterSteps.Routed routed = router.forward(hidden, weights.router(), statistics);
        GroupedMatmulSteps experts = experts(routed);
        context.plan.part("rows in the experts' order");
        Tensor ordered = dispatch(experts, hidden, routed);
        context.plan.part("experts' products");
        Tensor both = context.half("gate and up", rowCount, 2 * width);
        Tensor inner = context.half("gated rows", rowCount, width);
        experts.times(ordered, weights.gateUp(), true, both);
        context.plan.part("gate");
        gate.forward(both, routed.rowWeights(), inner);
        return new Up(new State(routed, both), inner);
    }

    /** The rows that a token's result is the sum of. */
    RmsNormSteps.Slots down(Up up, LayerWeights weights) {
        context.plan.part("experts' products");
        RouterSteps.Routed routed = up.state.routed;
        Tensor outputs = context.half("experts' rows", rowCount, hiddenSize);
        experts(routed).times(up.inner, weights.down(), true, outputs);
        return new RmsNormSteps.Slots(outputs, routed.places());
    }

    /**
     * The gradients of hidden, and what those of the weights that read it are made of.
     *
     * @param rows gradients of hidden by row, to be added up by token, beside what the router adds
     * @param both of gate and up, [S, 2 I]
     * @param logits of the router
     */
    record Gradients(RmsNormSteps.Slots rows, Tensor both, Tensor logits) {}

    /** The gradients of hidden and of the last product's weights; what the router adds to hidden's is written to routerGradient. */
    Gradients backward(State state, LayerWeights weights, LayerWeights gradients, Tensor outGradient,
            RouterSteps.Statistics statisticsGradients, Tensor routerGradient, boolean add) {
        RouterSteps.Routed routed = state.routed;
        GroupedMatmulSteps experts = experts(routed);
        context.plan.part("rows in the experts' order");
        Tensor gradient = dispatch(experts, outGradient, routed);
        context.plan.part("experts' products");
        Tensor innerGradient = context.half("gradient of gated rows", rowCount, width);
        experts.times(gradient, weights.down(), false, innerGradient);
        context.plan.part("gate");
        Tensor inner = context.half("gated rows", rowCount, width);
        Tensor both = state.both; // its gradient takes its place
        Tensor rowWeightGradients = context.single("gradients of rows' weights", rowCount);
        gate.backward(both, routed.rowWeights(), innerGradient, inner, both, rowWeightGradients);
        context.plan.part("experts' products");
        experts.outer(gradient, inner, gradients.down(), add);
        Tensor hiddenGradients = context.half("gradients of rows", rowCount, hiddenSize);
        experts.times(both, weights.gateUp(), false, hiddenGradients);
        context.plan.part("router");
        Tensor logits = router.backward(routed, rowWeightGradients, statisticsGradients, routerGradient);
        return new Gradients(new RmsNormSteps.Slots(hiddenGradients, routed.places()), both, logits);
    }

    /** The gradients of the weights that read hidden. */
    void weights(State state, Gradients from, Tensor hidden, LayerWeights gradients, boolean add) {
        GroupedMatmulSteps experts = experts(state.routed);
        context.plan.part("rows in the experts' order");
        Tensor ordered = dispatch(experts, hidden, state.routed);
        context.plan.part("experts' products");
        experts.outer(from.both, ordered, gradients.gateUp(), add);
        context.plan.part("router");
        router.weights(hidden, from.logits, gradients.router(), add);
    }

    private Tensor dispatch(GroupedMatmulSteps experts, Tensor array, RouterSteps.Routed routed) {
        Tensor out = context.half("tokens' rows in the experts' order", rowCount, hiddenSize);
        experts.dispatch(array, routed.places(), out);
        return out;
    }
}
