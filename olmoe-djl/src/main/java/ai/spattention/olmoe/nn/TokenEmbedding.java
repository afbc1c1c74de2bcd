package ai.spattention.olmoe.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import ai.spattention.common.InvalidInputException;
import ai.spattention.torch.TorchScriptModule;

/**
 * A vector for each token of the vocabulary. Its gradient is dense; that of the padding token is none, as with PyTorch's {@code
 * padding_idx}, so that its vector stays what it is unless another use of the weight (a tied output) changes it.
 *
 * <p>Input: token ids [B, N], int64. Output: [B, N, C].
 */
public final class TokenEmbedding extends AbstractBlock {

    /** The padding index where no token is padding. */
    public static final int NO_PADDING = -1;

    private static final byte VERSION = 1;
    private static final TorchScriptModule OPERATORS = TorchScriptModule.load(TokenEmbedding.class, "embedding.torchscript");

    private final int modelDim;
    private final int paddingIndex;
    private final Parameter weight;

    /**
     * Creates the embedding.
     *
     * @param vocabularySize V, at least 1
     * @param modelDim D, at least 1
     * @param paddingIndex the token whose vector gets no gradient from here, in [0, V), or {@link #NO_PADDING}
     */
    public TokenEmbedding(int vocabularySize, int modelDim, int paddingIndex) {
        super(VERSION);
        if (vocabularySize < 1 || modelDim < 1) {
            throw new InvalidInputException("the vocabulary and the hidden size must be at least 1 (got "
                    + vocabularySize + " and " + modelDim + ")");
        }
        if (paddingIndex < NO_PADDING || paddingIndex >= vocabularySize) {
            throw new InvalidInputException("the padding index must lie in [0, " + vocabularySize + "), or be " + NO_PADDING
                    + " for none (got " + paddingIndex + ")");
        }
        this.modelDim = modelDim;
        this.paddingIndex = paddingIndex;
        weight = addParameter(Parameter.builder().setName("weight").setType(Parameter.Type.WEIGHT)
                .optShape(new Shape(vocabularySize, modelDim)).build());
    }

    /**
     * The vectors.
     *
     * @return the parameter, [V, C]
     */
    public Parameter getWeight() {
        return weight;
    }

    @Override
    protected NDList forwardInternal(ParameterStore parameterStore, NDList inputs, boolean training,
            PairList<String, Object> params) {
        NDArray ids = inputs.singletonOrThrow();
        NDArray vectors = parameterStore.getValue(weight, ids.getDevice(), training);
        return training ? OPERATORS.call("embedding", ids, vectors, paddingIndex) : OPERATORS.infer("embedding", ids, vectors, paddingIndex);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0].add(modelDim)};
    }
}
