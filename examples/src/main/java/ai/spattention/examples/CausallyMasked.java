package ai.spattention.examples;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.transformer.ScaledDotProductAttentionBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;

/** DJL's attention under a causal mask, as decoders use it: what {@link SwappedTransformer} swaps. */
final class CausallyMasked extends AbstractBlock {

    private final ScaledDotProductAttentionBlock attention;

    CausallyMasked(ScaledDotProductAttentionBlock attention) {
        this.attention = addChildBlock("attention", attention);
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
        NDArray input = inputs.singletonOrThrow();
        long batch = input.getShape().get(0);
        long length = input.getShape().get(1);
        NDArray positions = input.getManager().arange((int) length);
        NDArray past = positions.reshape(1, 1, length).lte(positions.reshape(1, length, 1)); // 1 keeps a pair, 0 masks it
        return attention.forward(parameterStore, new NDList(input, past.repeat(0, batch)), training);
    }
}
