package ai.spattention.olmoe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import ai.spattention.KeyValueCache;
import ai.spattention.Precision;
import ai.spattention.RmsNorm;
import ai.spattention.SpAttentionBlock;
import ai.spattention.olmoe.moe.MoeBlock;
import ai.spattention.olmoe.moe.RouterStatistics;
import ai.spattention.segment.Segments;

/**
 * One layer, normalised before each part: x + attention(norm(x)), then x + experts(norm(x)).
 *
 * <p>Input: [B, N, C], and documents [B, N] where several are packed into a sequence. Outputs: [B, N, C], then the three arrays
 * of one layer's {@link RouterStatistics}.
 */
public final class DecoderLayer extends AbstractBlock {

    private static final byte VERSION = 1;

    private final RmsNorm attentionNorm;
    private final SpAttentionBlock attention;
    private final RmsNorm expertsNorm;
    private final MoeBlock experts;

    /**
     * Creates a layer.
     *
     * @param attention the attention
     * @param experts the mixture of experts
     * @param normEpsilon what both norms add to the mean square
     * @param precision the type of what the norms give to attention and experts; the residual stream keeps its own
     */
    public DecoderLayer(SpAttentionBlock attention, MoeBlock experts, float normEpsilon, Precision precision) {
        super(VERSION);
        attentionNorm = addChildBlock("attentionNorm", new RmsNorm(normEpsilon, precision));
        this.attention = addChildBlock("attention", attention);
        expertsNorm = addChildBlock("expertsNorm", new RmsNorm(normEpsilon, precision));
        this.experts = addChildBlock("experts", experts);
    }

    /**
     * The norm before attention.
     *
     * @return the child block
     */
    public RmsNorm getAttentionNorm() {
        return attentionNorm;
    }

    /**
     * The attention.
     *
     * @return the child block
     */
    public SpAttentionBlock getAttention() {
        return attention;
    }

    /**
     * The norm before the experts.
     *
     * @return the child block
     */
    public RmsNorm getExpertsNorm() {
        return expertsNorm;
    }

    /**
     * The mixture of experts.
     *
     * @return the child block
     */
    public MoeBlock getExperts() {
        return experts;
    }

    /**
     * Runs the layer.
     *
     * @param parameterStore where the weights come from
     * @param segments how the parts are put together
     * @param hidden [B, N, C]; with a cache, the N positions that follow those in it
     * @param documents [B, N], int64, or null for one document; not with a cache
     * @param cache the layer's keys and values of the positions before, or null if the N positions are all there is
     * @param training whether this is a training step
     * @return [B, N, C] and the router's statistics, attached to the input's manager
     */
    NDList run(ParameterStore parameterStore, Segments segments, NDArray hidden, NDArray documents, KeyValueCache cache,
            boolean training) {
        try (NDManager scope = NDManager.subManagerOf(hidden)) {
            scope.tempAttachAll(hidden);
            NDArray normed = attentionNorm.apply(parameterStore, segments, hidden, training);
            NDArray attended = cache == null
                    ? attention.attend(parameterStore, segments, normed, documents, training)
                    : attention.attend(parameterStore, normed, cache, training);
            NDList added = expertsNorm.addAndApply(parameterStore, segments, hidden, attended, training);
            NDList mixed = experts.apply(parameterStore, segments, added.get(1), training);
            NDList output = segments.run("norms and residuals", (inner, inputs) -> new NDList(inputs.get(0).add(inputs.get(1))),
                    new NDList(added.get(0), mixed.get(0)));
            return scope.ret(output.addAll(mixed.subNDList(1)));
        }
    }

    @Override
    protected NDList forwardInternal(ParameterStore parameterStore, NDList inputs, boolean training,
            PairList<String, Object> params) {
        return run(parameterStore, Segments.engine(), inputs.head(), inputs.size() > 1 ? inputs.get(1) : null, null, training);
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape hidden = inputShapes[0];
        attentionNorm.initialize(manager, dataType, hidden);
        attention.initialize(manager, dataType, hidden);
        expertsNorm.initialize(manager, dataType, hidden);
        experts.initialize(manager, dataType, hidden);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return experts.getOutputShapes(inputShapes);
    }
}
