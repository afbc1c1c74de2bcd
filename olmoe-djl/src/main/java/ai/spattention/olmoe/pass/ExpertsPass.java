package ai.spattention.olmoe.pass;

import ai.spattention.grouped.GroupedSteps;
import ai.spattention.plan.Tensor;
import ai.spattention.router.RouterSteps;
import ai.spattention.row.RowSteps;

/** The mixture of experts of a layer in a pass: router, rows in the experts' order, and the experts' products. */
final class ExpertsPass {

    private final PassContext context;
    private final RouterSteps router;
    private final RowSteps rows;
    private final long rowCount;
    private final long hiddenSize;
    private final long width;

    ExpertsPass(PassContext context) {
        this.context = context;
        router = new RouterSteps(context.plan, context.target, context.products, new RouterSteps.Sizes(context.shape.tokens(),
                context.config.numExperts(), context.config.numExpertsPerTok(), context.config.normTopkProb(),
                GroupedSteps.rowsOfTile(context.target)));
        rows = new RowSteps(context.plan, context.target);
        rowCount = context.shape.tokens() * context.config.numExpertsPerTok();
        hiddenSize = context.config.hiddenSize();
        width = context.config.intermediateSize();
    }

    /** What the backward pass needs, and the rows [S, D] that a token's result is the sum of. */
    record Kept(Tensor hidden, RouterSteps.Routed routed, Tensor both, Tensor outputs) {}

    private GroupedSteps experts(RouterSteps.Routed routed) {
        return new GroupedSteps(context.plan, context.target, routed.ends(), routed.tileEnds());
    }

    /** hidden [T, D] bfloat16. */
    Kept forward(Tensor hidden, LayerWeights weights, RouterSteps.Statistics statistics) {
        context.plan.part("router");
        RouterSteps.Routed routed = router.forward(hidden, weights.router(), statistics);
        GroupedSteps experts = experts(routed);
        context.plan.part("rows in the experts' order");
        Tensor gathered = gather(experts, hidden, routed);
        context.plan.part("experts' products");
        Tensor both = context.half("gate and up", rowCount, 2 * width);
        Tensor inner = context.half("gated rows", rowCount, width);
        if (GroupedSteps.servesGated(context.target)) {
            experts.timesGated(gathered, weights.gateUp(), routed.rowWeights(), both, inner);
        } else {
            experts.times(gathered, weights.gateUp(), true, both);
            context.plan.part("gate");
            rows.gateForward(both, routed.rowWeights(), inner);
        }
        context.plan.part("experts' products");
        Tensor outputs = context.half("experts' rows", rowCount, hiddenSize);
        experts.times(inner, weights.down(), true, outputs);
        return new Kept(hidden, routed, both, outputs);
    }

    /**
     * The gradients.
     *
     * @return the gradients of hidden by row [S, D], to be added up by token, beside what the router adds (written to routerGradient)
     */
    Tensor backward(Kept kept, LayerWeights weights, LayerWeights gradients, Tensor outGradient,
            RouterSteps.Statistics statisticsGradients, Tensor routerGradient, boolean add) {
        RouterSteps.Routed routed = kept.routed;
        GroupedSteps experts = experts(routed);
        context.plan.part("rows in the experts' order");
        Tensor gradient = gather(experts, outGradient, routed);
        context.plan.part("experts' products");
        Tensor innerGradient = context.half("gradient of gated rows", rowCount, width);
        experts.times(gradient, weights.down(), false, innerGradient);
        context.plan.part("gate");
        Tensor inner = context.half("gated rows", rowCount, width);
        Tensor bothGradient = context.half("gradient of gate and up", rowCount, 2 * width);
        Tensor rowWeightGradients = context.single("gradients of rows' weights", rowCount);
        rows.gateBackward(kept.both, routed.rowWeights(), innerGradient, inner, bothGradient, rowWeightGradients);
        context.plan.part("experts' products");
        experts.outer(gradient, inner, gradients.down(), add);
        context.plan.part("rows in the experts' order");
        Tensor gathered = gather(experts, kept.hidden, routed);
        context.plan.part("experts' products");
        experts.outer(bothGradient, gathered, gradients.gateUp(), add);
        Tensor hiddenGradients = context.half("gradients of rows", rowCount, hiddenSize);
        experts.times(bothGradient, weights.gateUp(), false, hiddenGradients);
        context.plan.part("router");
        router.backward(kept.hidden, routed, rowWeightGradients, statisticsGradients, routerGradient,
                gradients.router(), add);
        return hiddenGradients;
    }

    private Tensor gather(GroupedSteps experts, Tensor array, RouterSteps.Routed routed) {
        Tensor out = context.half("tokens' rows in the experts' order", rowCount, hiddenSize);
        experts.gather(array, routed.rowTokens(), out);
        return out;
    }
}
