package ai.spattention.train.info;

import ai.spattention.olmoe.config.OlmoeConfig;

/**
 * The memory that training takes, all in bytes, by the sizes of the model. Weights, gradients and AdamW's two moments are
 * float32, so 4, 4 and 8 bytes a parameter. What a forward pass keeps for its backward pass, with what the backward pass needs
 * besides, is rough: for each of the B N tokens of a micro batch
 *
 * <p>4 · (layers · (12 E + 20 Q + 8 K + k (2 E + 6 I) + 3 X) + 4 V)
 *
 * <p>with E = hidden size, Q and K = widths of queries and keys, k = experts a token, I = an expert's width, X = experts, V =
 * vocabulary. The factors follow the arrays of a layer (norms, projections, rotated heads, gathered tiles, the experts' rows)
 * and were set by the resident memory of two small models on a CPU, of which they are within a tenth. The {@code masked}
 * kernel keeps N² scores a head besides. The program itself takes some hundred MiB more.
 *
 * @param weights the parameters
 * @param gradients their gradients
 * @param optimizer AdamW's moments
 * @param activations what a micro batch keeps for its backward pass, roughly
 */
public record MemoryEstimate(long weights, long gradients, long optimizer, long activations) {

    /**
     * Estimates.
     *
     * @param model the model
     * @param microBatchTokens B N, the tokens of a micro batch
     * @return the estimate
     */
    public static MemoryEstimate of(OlmoeConfig model, long microBatchTokens) {
        long parameters = model.totalParams();
        long hidden = model.hiddenSize();
        long queries = (long) model.numAttentionHeads() * model.headDim();
        long keys = (long) model.numKeyValueHeads() * model.headDim();
        long layer = 12 * hidden + 20 * queries + 8 * keys
                + model.numExpertsPerTok() * (2 * hidden + 6L * model.intermediateSize()) + 3L * model.numExperts();
        long token = model.numHiddenLayers() * layer + 4L * model.vocabSize();
        return new MemoryEstimate(Float.BYTES * parameters, Float.BYTES * parameters, 2 * Float.BYTES * parameters,
                Float.BYTES * token * microBatchTokens);
    }

    /**
     * All of it.
     *
     * @return bytes
     */
    public long total() {
        return weights + gradients + optimizer + activations;
    }
}
