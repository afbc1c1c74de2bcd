package ai.spattention.olmoe.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.olmoe.moe.RouterStatistics;
import ai.spattention.torch.EngineArrays;

/**
 * The load-balancing loss as Hugging Face computes it for OLMoE, over all layers' tokens together: E · Σ over experts of
 * (the share of tokens that chose the expert, summed over the K slots) · (the expert's mean probability). It is K when the
 * tokens spread evenly, and more when they crowd. After Switch Transformers, arXiv 2101.03961, equations 4 to 6.
 */
public final class LoadBalancingLoss {

    private LoadBalancingLoss() {}

    /**
     * Computes the loss.
     *
     * @param layers the statistics of all layers, with their leading axis L
     * @param tokens T, the number of tokens of each layer
     * @return a scalar, attached to the statistics' manager
     */
    public static NDArray of(RouterStatistics layers, long tokens) {
        NDArray probabilities = layers.meanProbabilities();
        Shape shape = probabilities.getShape();
        try (NDManager scope = NDManager.subManagerOf(probabilities)) {
            scope.tempAttachAll(probabilities, layers.tokensPerExpert());
            NDArray chosen = layers.tokensPerExpert().sum(new int[] {0}).toType(probabilities.getDataType(), false);
            NDArray product = chosen.mul(probabilities.mean(new int[] {0})).sum();
            return scope.ret(product.mul(EngineArrays.scalar(product, shape.get(1) / (double) (shape.get(0) * tokens))));
        }
    }
}
