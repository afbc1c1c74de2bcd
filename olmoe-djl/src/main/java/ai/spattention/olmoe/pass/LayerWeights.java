package ai.spattention.olmoe.pass;

import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.spattention.SpAttentionBlock;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.DecoderLayer;
import ai.spattention.olmoe.moe.Experts;
import ai.spattention.plan.Tensor;
import java.util.List;

/**
 * A layer's weights as a pass reads them, or their gradients.
 *
 * @param attentionNorm [C]
 * @param queryKeyValue the three projections one below the other, [(H + 2 G) head dimension, D]
 * @param queryNorm [H head dimension]
 * @param keyNorm [G head dimension]
 * @param output [D, H head dimension]
 * @param expertsNorm [C]
 * @param router [E, C]
 * @param gateUp [E, 2 I, C]
 * @param down [E, C, I]
 */
record LayerWeights(Tensor attentionNorm, Tensor queryKeyValue, Tensor queryNorm, Tensor keyNorm, Tensor output, Tensor expertsNorm,
        Tensor router, Tensor gateUp, Tensor down) {

    /** The layer's parameters that products read, in the order in which they must lie. */
    static List<Parameter> matrices(DecoderLayer layer) {
        SpAttentionBlock attention = layer.getAttention();
        Experts experts = layer.getExperts().getExperts();
        return List.of(weight(attention.getQueryProjection()), weight(attention.getKeyProjection()),
                weight(attention.getValueProjection()), weight(attention.getOutputProjection()), experts.getGateUpProjection(),
                experts.getDownProjection());
    }

    /** The layer's other parameters. */
    static List<Parameter> others(DecoderLayer layer) {
        SpAttentionBlock attention = layer.getAttention();
        return List.of(layer.getAttentionNorm().getWeight(), attention.getQueryNorm().getWeight(), attention.getKeyNorm().getWeight(),
                layer.getExpertsNorm().getWeight(), layer.getExperts().getRouter().getWeight());
    }

    private static Parameter weight(Linear projection) {
        return projection.getDirectParameters().get("weight");
    }

    static LayerWeights of(DecoderLayer layer, OlmoeConfig config, WeightPlaces weights) {
        return of(layer, config, weights::high, (parameter, sizes) -> weights.vectors(parameter));
    }

    static LayerWeights gradients(DecoderLayer layer, OlmoeConfig config, WeightPlaces weights) {
        return of(layer, config, weights::gradient, weights::gradient);
    }

    /** Where a parameter's values lie. */
    private interface Memory {
        Tensor of(Parameter parameter, long... sizes);
    }

    private static LayerWeights of(DecoderLayer layer, OlmoeConfig config, Memory matrices, Memory others) {
        long hidden = config.hiddenSize();
        long queries = (long) config.numAttentionHeads() * config.headDim();
        long keys = (long) config.numKeyValueHeads() * config.headDim();
        long experts = config.numExperts();
        long width = config.intermediateSize();
        List<Parameter> read = matrices(layer);
        List<Parameter> exact = others(layer);
        return new LayerWeights(others.of(exact.get(0), hidden), matrices.of(read.get(0), queries + 2 * keys, hidden),
                others.of(exact.get(1), queries), others.of(exact.get(2), keys), matrices.of(read.get(3), hidden, queries),
                others.of(exact.get(3), hidden), others.of(exact.get(4), experts, hidden),
                matrices.of(read.get(4), experts, 2 * width, hidden), matrices.of(read.get(5), experts, hidden, width));
    }
}
