package ai.spattention.olmoe.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

/**
 * A training loss and what it is made of; scalars, on the device.
 *
 * @param total the language-model loss plus the weighted router losses
 * @param languageModel the mean cross-entropy, nats per token
 * @param loadBalancing the load-balancing loss, unweighted
 * @param routerZ the router z-loss, unweighted
 */
public record LossParts(NDArray total, NDArray languageModel, NDArray loadBalancing, NDArray routerZ) {

    NDList toList() {
        return new NDList(total, languageModel, loadBalancing, routerZ);
    }

    static LossParts of(NDList list) {
        return new LossParts(list.get(0), list.get(1), list.get(2), list.get(3));
    }
}
