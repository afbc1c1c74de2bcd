package ai.spattention.train.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.transformer.ScaledDotProductAttentionBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;

/**
 * DJL's attention block with a causal mask, among blocks that pass on one array [B, N, C]. The mask comes to it as DJL's own
 * models of several layers hand it down: as four axes, made once for all layers, of what is added to the scores.
 */
final class CausalScores extends AbstractBlock {

    private static final byte VERSION = 1;
    /** What DJL's block adds to a masked score. */
    private static final float MASKED = -100_000;

    private final ScaledDotProductAttentionBlock attention;
    private final NDArray mask;

    /**
     * Creates a block.
     *
     * @param modelDim E
     * @param numHeads H
     * @param dropout the probability with which an attention weight is dropped
     * @param mask what {@link #mask} gives
     */
    CausalScores(int modelDim, int numHeads, float dropout, NDArray mask) {
        super(VERSION);
        this.mask = mask;
        attention = addChildBlock("attention", ScaledDotProductAttentionBlock.builder().setEmbeddingSize(modelDim)
                .setHeadCount(numHeads).optAttentionProbsDropoutProb(dropout).build());
    }

    /** The mask of all layers, [1, 1, N, N], float32: 0 for pairs to keep. */
    static NDArray mask(NDManager manager, int length) {
        try (NDManager scope = manager.newSubManager()) {
            NDArray positions = scope.arange(length);
            NDArray future = positions.reshape(1, 1, 1, length).gt(positions.reshape(1, 1, length, 1));
            return scope.ret(future.toType(DataType.FLOAT32, false).mul(MASKED));
        }
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return inputShapes;
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        attention.initialize(manager, dataType, inputShapes);
    }

    @Override
    protected NDList forwardInternal(ParameterStore parameterStore, NDList inputs, boolean training,
            PairList<String, Object> params) {
        return attention.forward(parameterStore, new NDList(inputs.singletonOrThrow(), mask), training);
    }
}
