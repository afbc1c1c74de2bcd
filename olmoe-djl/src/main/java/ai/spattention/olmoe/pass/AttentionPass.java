package ai.spattention.olmoe.pass;

import ai.spattention.attention.fused.BandedAttention;
import ai.spattention.attention.fused.SharedHeads;
import ai.spattention.plan.Tensor;
import ai.spattention.querykeyrotary.QueryKeyRotarySteps;

/** The attention of a layer in a pass: projections, norm and rotation of queries and keys, and the attention itself. */
final class AttentionPass {

    private final PassContext context;
    private final BandedAttention attention;
    private final QueryKeyRotarySteps rotary;
    private final long batch;
    private final long length;
    private final long dim;
    private final long queries;
    private final long keys;

    AttentionPass(PassContext context, BandedAttention attention, QueryKeyRotarySteps rotary) {
        this.context = context;
        this.attention = attention;
        this.rotary = rotary;
        batch = context.shape.batch();
        length = context.shape.length();
        dim = context.config.headDim();
        queries = context.config.numAttentionHeads() * dim;
        keys = context.config.numKeyValueHeads() * dim;
    }

    /** What the backward pass needs. */
    record State(Tensor projected, Tensor queryRoot, Tensor keyRoot, BandedAttention.Forward arrays) {}

    /** hidden [T, C] bfloat16 -> out [T, C] bfloat16. */
    State forward(Tensor hidden, LayerWeights weights, Tensor out) {
        long tokens = hidden.size(0);
        context.plan.part("projections");
        Tensor projected = context.half("queries, keys and values", tokens, queries + 2 * keys);
        context.products.timesTransposed(hidden, weights.queryKeyValue(), projected);
        Tensor queryRoot = context.single("root of queries", tokens);
        Tensor keyRoot = context.single("root of keys", tokens);
        Tensor attended = context.half("attended values", tokens, queries);
        Tensor logSums = context.single("logarithms of sums", BandedAttention.lines(batch, queries / dim, length));
        State state = turned(weights, projected, queryRoot, keyRoot, attended, logSums);
        context.plan.part("attention");
        attention.forward(state.arrays);
        context.plan.part("projections");
        context.products.timesTransposed(attended, weights.output(), out);
        return state;
    }

    /** Norm and rotation of queries and keys. */
    private State turned(LayerWeights weights, Tensor projected, Tensor queryRoot, Tensor keyRoot, Tensor attended, Tensor logSums) {
        context.plan.part("query/key norm and rotation");
        Tensor turnedQueries = context.half("turned queries", projected.size(0), queries);
        Tensor turnedKeys = context.half("turned keys", projected.size(0), keys);
        rotary.forward(queriesOf(projected), weights.queryNorm(), turnedQueries, queryRoot);
        rotary.forward(keysOf(projected), weights.keyNorm(), turnedKeys, keyRoot);
        return new State(projected, queryRoot, keyRoot,
                new BandedAttention.Forward(heads(turnedQueries), heads(turnedKeys), heads(valuesOf(projected)), attended, logSums));
    }

    /** The state where turned queries and keys were not kept. */
    State again(State state, LayerWeights weights) {
        return turned(weights, state.projected, state.queryRoot, state.keyRoot, state.arrays.out(), state.arrays.logSums());
    }

    /**
     * The gradients of hidden (written to hiddenGradient, bfloat16) and of the weights that do not read it.
     *
     * @return the gradient of queries, keys and values together, for {@link #weights}
     */
    Tensor backward(State state, LayerWeights weights, LayerWeights gradients, Tensor outGradient, Tensor hiddenGradient, boolean add) {
        long tokens = outGradient.size(0);
        Tensor attended = state.arrays.out();
        context.plan.part("projections");
        Tensor attendedGradient = context.half("gradient of attended values", tokens, queries);
        context.products.times(outGradient, weights.output(), attendedGradient);
        context.products.transposedTimes(outGradient, attended, gradients.output(), add);
        context.plan.part("attention");
        Tensor queryGradient = context.half("gradient of turned queries", tokens, queries);
        Tensor keyGradients = context.half("gradients of turned keys by query head", tokens, queries);
        Tensor valueGradients = context.half("gradients of values by query head", tokens, queries);
        attention.backward(state.arrays, heads(attendedGradient), queryGradient, keyGradients, valueGradients);
        Tensor projectedGradient = context.half("gradient of queries, keys and values", tokens, queries + 2 * keys);
        long[] byHead = {tokens, queries / dim, dim};
        Tensor keyGradient = keyGradients;
        if (keys < queries) {
            keyGradient = context.half("gradient of turned keys", tokens, keys);
            SharedHeads.sum(context.plan, keyGradients.reshape(byHead), keyGradient);
        }
        SharedHeads.sum(context.plan, valueGradients.reshape(byHead), valuesOf(projectedGradient));
        context.plan.part("query/key norm and rotation");
        rotary.backward(queriesOf(state.projected), weights.queryNorm(), state.queryRoot, queryGradient, queriesOf(projectedGradient),
                gradients.queryNorm(), add);
        rotary.backward(keysOf(state.projected), weights.keyNorm(), state.keyRoot, keyGradient, keysOf(projectedGradient),
                gradients.keyNorm(), add);
        context.plan.part("projections");
        context.products.times(projectedGradient, weights.queryKeyValue(), hiddenGradient);
        return projectedGradient;
    }

    /** The gradient of the weights that read hidden. */
    void weights(Tensor projectedGradient, Tensor hidden, LayerWeights gradients, boolean add) {
        context.plan.part("projections");
        context.products.transposedTimes(projectedGradient, hidden, gradients.queryKeyValue(), add);
    }

    private Tensor queriesOf(Tensor projected) {
        return projected.columns(0, queries);
    }

    private Tensor keysOf(Tensor projected) {
        return projected.columns(queries, keys);
    }

    private Tensor valuesOf(Tensor projected) {
        return projected.columns(queries + keys, keys);
    }

    /** [T, heads D], rows perhaps apart -> [B, heads, N, D]. */
    private Tensor heads(Tensor rows) {
        long row = rows.strides()[0];
        return rows.as(new long[] {batch, rows.size(1) / dim, length, dim}, new long[] {length * row, dim, row, 1});
    }
}
