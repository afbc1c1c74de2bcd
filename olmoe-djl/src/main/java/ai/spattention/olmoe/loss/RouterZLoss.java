package ai.spattention.olmoe.loss;

import ai.djl.ndarray.NDArray;
import ai.spattention.olmoe.moe.RouterStatistics;

/**
 * The router z-loss, which keeps router logits small: the mean over tokens of logsumexp(logits)², averaged over the layers
 * (ST-MoE, arXiv 2202.08906, equation 5).
 */
public final class RouterZLoss {

    private RouterZLoss() {}

    /**
     * Computes the loss.
     *
     * @param layers the statistics of all layers, with their leading axis L
     * @return a scalar, attached to the statistics' manager
     */
    public static NDArray of(RouterStatistics layers) {
        return layers.squaredLogSumExp().mean();
    }
}
