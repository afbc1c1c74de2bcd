package ai.spattention.olmoe.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Embedding;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import ai.spattention.InvalidInputException;

/**
 * A vector for each token of the vocabulary. Its gradient is dense.
 *
 * <p>Input: token ids [B, N], int64. Output: [B, N, D].
 */
public final class TokenEmbedding extends AbstractBlock {

    private static final byte VERSION = 1;

    private final int modelDim;
    private final Parameter weight;

    /**
     * Creates the embedding.
     *
     * @param vocabularySize V, at least 1
     * @param modelDim D, at least 1
     */
    public TokenEmbedding(int vocabularySize, int modelDim) {
        super(VERSION);
        if (vocabularySize < 1 || modelDim < 1) {
            throw new InvalidInputException("the vocabulary and the hidden size must be at least 1 (got "
                    + vocabularySize + " and " + modelDim + ")");
        }
        this.modelDim = modelDim;
        weight = addParameter(Parameter.builder().setName("weight").setType(Parameter.Type.WEIGHT)
                .optShape(new Shape(vocabularySize, modelDim)).build());
    }

    /**
     * The vectors.
     *
     * @return the parameter, [V, D]
     */
    public Parameter getWeight() {
        return weight;
    }

    @Override
    protected NDList forwardInternal(ParameterStore parameterStore, NDList inputs, boolean training,
            PairList<String, Object> params) {
        NDArray ids = inputs.singletonOrThrow();
        NDArray vectors = parameterStore.getValue(weight, ids.getDevice(), training);
        // autograd keeps the ids, whose memory may belong to the caller: a copy outlives them
        try (NDArray copy = ids.duplicate()) {
            return Embedding.embedding(copy, vectors, SparseFormat.DENSE);
        }
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0].add(modelDim)};
    }
}
