package ai.spattention.train.report;

import ai.spattention.olmoe.config.OlmoeConfig;

/**
 * The floating-point operations that learning from one token needs, by the sizes of the model.
 *
 * <p>A multiply-add counts as 2. A matrix product with W weights takes 2 W a token forward; the weights are those of the
 * attention projections, of the router, of the experts that the token visits, and of the output embedding. A pair of query
 * and key that a head may see takes 4 D (2 D for the score, 2 D for its share of the values), pairs that the pattern forbids
 * take nothing. Backward is twice forward. With P pairs in a sequence of N tokens, over all heads:
 *
 * <p>3 · (2 · (layers · (E (2 Q + 2 K) + E X + k · 3 E I) + V E) + layers · 4 D P / N)
 *
 * <p>with E = hidden size, Q and K = widths of queries and keys, X = experts, k = experts a token, I = an expert's width,
 * V = vocabulary. Embedding look-ups, norms, softmax and the optimizer are left out, as is usual.
 */
final class FlopsPerToken {

    private FlopsPerToken() {}

    /**
     * Forward and backward.
     *
     * @param model the model
     * @param length N, tokens of a training sequence
     * @return operations a token
     */
    static double training(OlmoeConfig model, int length) {
        double hidden = model.hiddenSize();
        double queries = (double) model.numAttentionHeads() * model.headDim();
        double keys = (double) model.numKeyValueHeads() * model.headDim();
        double layer = hidden * (2 * queries + 2 * keys) + hidden * model.numExperts()
                + model.numExpertsPerTok() * 3.0 * hidden * model.intermediateSize();
        double weights = model.numHiddenLayers() * layer + (double) model.vocabSize() * hidden;
        double pairs = model.pattern().allowedPairs(model.numAttentionHeads(), model.layoutLength().resolve(length), length);
        double attention = model.numHiddenLayers() * 4.0 * model.headDim() * pairs / length;
        return 3 * (2 * weights + attention);
    }
}
