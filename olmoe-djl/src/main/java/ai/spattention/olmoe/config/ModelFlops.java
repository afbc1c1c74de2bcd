package ai.spattention.olmoe.config;

import ai.spattention.pattern.AttentionPattern;
import java.util.stream.IntStream;

/**
 * The floating-point operations that a model needs for a token, by its sizes. A multiply-add counts as 2.
 *
 * <p>Forward, a matrix product with W weights takes 2 W a token, and a pair of query and key that a head may see takes 4 D
 * (2 D for its score, 2 D for its share of the values); pairs that the pattern forbids take nothing. For a sequence of N
 * tokens in which all heads of all layers together see P pairs:
 *
 * <p>2 · (L · (2 C D (H + G) + C E + K · 3 C I) + V C) + 4 D P / N
 *
 * <p>(C D (2 H + G) in layers of lsh attention, whose keys are the queries; the pairs there are those that {@link
 * ai.spattention.pattern.LshSettings#allowedPairs} counts by definition)
 *
 * <p>with the letters of {@code docs/letters.md}: L layers, C the hidden size, H heads of queries and G of keys with D numbers each, E
 * experts of width I, of which a token takes K, V tokens of the vocabulary. Embedding look-ups, norms, biases, rotary embeddings,
 * softmax and the optimizer are left out, as is usual. Backward takes twice as much as forward, so training takes three times as much.
 */
public final class ModelFlops {

    private ModelFlops() {}

    /**
     * The weights that a token is multiplied with: those of the attention projections, the router, the experts that the token
     * visits and the output embedding.
     *
     * @param model the model
     * @return the number of weights
     * @throws ai.spattention.common.InvalidInputException if the model has more parameters than can be counted
     */
    public static long activeMatmulWeights(OlmoeConfig model) {
        model.totalParams(); // refuses what would overflow below, for these are fewer
        long hidden = model.hiddenSize();
        long queries = (long) model.numAttentionHeads() * model.headDim();
        long keys = (long) model.numKeyValueHeads() * model.headDim();
        long layer = hidden * (2 * queries + 2 * keys + model.numExperts()
                + 3L * model.numExpertsPerTok() * model.intermediateSize());
        return model.numHiddenLayers() * layer - (model.numHiddenLayers() - model.layersWithKeys()) * hidden * keys + model.vocabSize() * hidden;
    }

    /**
     * The operations of a forward pass.
     *
     * @param model the model
     * @param length N, the tokens of a sequence, at least 1
     * @return operations a token, the mean over the sequence
     * @throws ai.spattention.common.InvalidInputException if parameters or pairs are more than can be counted
     */
    public static double forwardPerToken(OlmoeConfig model, int length) {
        double pairs = 0;
        for (AttentionPattern pattern : model.patterns().distinct()) {
            long layers = IntStream.range(0, model.numHiddenLayers()).filter(layer -> model.patterns().of(layer).equals(pattern)).count();
            pairs += (double) layers * pattern.allowedPairs(model.numAttentionHeads(), model.layoutLength().resolve(length), length);
        }
        return 2.0 * activeMatmulWeights(model) + 4.0 * model.headDim() * pairs / length;
    }

    /**
     * The operations of a forward and a backward pass.
     *
     * @param model the model
     * @param length N, the tokens of a sequence, at least 1
     * @return operations a token, the mean over the sequence
     * @throws ai.spattention.common.InvalidInputException if parameters or pairs are more than can be counted
     */
    public static double trainingPerToken(OlmoeConfig model, int length) {
        return 3 * forwardPerToken(model, length);
    }
}
