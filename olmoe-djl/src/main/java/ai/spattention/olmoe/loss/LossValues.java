package ai.spattention.olmoe.loss;

/**
 * Loss values on the host.
 *
 * @param total the language-model loss plus the weighted router losses
 * @param languageModel the mean cross-entropy, nats per token
 * @param loadBalancing the load-balancing loss, unweighted
 * @param routerZ the router z-loss, unweighted
 */
public record LossValues(double total, double languageModel, double loadBalancing, double routerZ) {}
