package ai.spattention.olmoe.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.moe.RouterStatistics;
import ai.spattention.torch.EngineArrays;
import java.util.function.Consumer;

/**
 * What an OLMoE model is trained on: cross-entropy + w₁ · load balancing + w₂ · router z-loss.
 *
 * <p>Labels: one array of targets [B, N], int64, {@link LanguageModelLoss#NO_TARGET} where there is none. Predictions: the
 * outputs of an {@code OlmoeModel}: the logits, or the language-model loss that it computed, then the routers' statistics.
 *
 * <p>DJL's Trainer asks a loss for one number. The parts go to an observer at the same time, still on the device, so that
 * whoever wants them need not compute them again; a {@link LossMeter} is one.
 */
public final class OlmoeLoss extends Loss {

    private final double loadBalancingWeight;
    private final double routerZWeight;
    private final Consumer<LossParts> observer;
    private boolean observing = true;

    /**
     * Creates a loss whose parts nobody watches.
     *
     * @param loadBalancingWeight w₁, at least 0; Hugging Face's {@code router_aux_loss_coef}
     * @param routerZWeight w₂, at least 0; 0 in Hugging Face, 0.001 in OLMo's own training
     */
    public OlmoeLoss(double loadBalancingWeight, double routerZWeight) {
        this(loadBalancingWeight, routerZWeight, parts -> { });
    }

    /**
     * Creates a loss.
     *
     * @param loadBalancingWeight w₁, at least 0; Hugging Face's {@code router_aux_loss_coef}
     * @param routerZWeight w₂, at least 0; 0 in Hugging Face, 0.001 in OLMo's own training
     * @param observer what gets the parts of each loss that is computed, without gradients; the arrays are closed after
     *     the call
     */
    public OlmoeLoss(double loadBalancingWeight, double routerZWeight, Consumer<LossParts> observer) {
        super("OlmoeLoss");
        if (!(loadBalancingWeight >= 0 && routerZWeight >= 0)) {
            throw new InvalidInputException("the weights of the router losses must be at least 0 (got "
                    + loadBalancingWeight + " and " + routerZWeight + ")");
        }
        this.loadBalancingWeight = loadBalancingWeight;
        this.routerZWeight = routerZWeight;
        this.observer = observer;
    }

    /**
     * Computes the loss and its parts.
     *
     * @param targets [B, N], int64
     * @param logits [B, N, V]; or, where the model computed the language-model loss itself, that loss, a scalar
     * @param routers the statistics of all layers' routers, with a leading axis L
     * @return the parts, with gradients, attached to the logits' manager
     */
    public LossParts compute(NDArray targets, NDArray logits, RouterStatistics routers) {
        Shape shape = targets.getShape();
        try (NDManager scope = NDManager.subManagerOf(logits)) {
            scope.tempAttachAll(targets, logits);
            scope.tempAttachAll(routers.toList());
            NDArray languageModel = logits.isScalar() ? logits.mul(EngineArrays.scalar(logits, 1))
                    : LanguageModelLoss.ofTargets(logits, targets);
            NDArray loadBalancing = LoadBalancingLoss.of(routers, shape.get(0) * shape.get(1));
            NDArray routerZ = RouterZLoss.of(routers);
            NDArray total = plus(plus(languageModel, loadBalancing, loadBalancingWeight), routerZ, routerZWeight);
            return LossParts.of(scope.ret(new LossParts(total, languageModel, loadBalancing, routerZ).toList()));
        }
    }

    private static NDArray plus(NDArray sum, NDArray loss, double weight) {
        return weight == 0 ? sum : sum.add(loss.mul(EngineArrays.scalar(loss, weight)));
    }

    @Override
    public NDArray evaluate(NDList labels, NDList predictions) {
        NDArray logits = predictions.head();
        try (NDManager scope = NDManager.subManagerOf(logits)) {
            scope.tempAttachAll(labels, predictions);
            LossParts parts = compute(labels.singletonOrThrow(), logits, RouterStatistics.of(predictions.subNDList(1)));
            if (observing) {
                NDList values = new NDList();
                parts.toList().forEach(part -> values.add(part.stopGradient()));
                observer.accept(LossParts.of(values));
            }
            return scope.ret(parts.total());
        }
    }

    /** DJL's listeners evaluate the loss a second time for their running means: the observer has seen that batch. */
    @Override
    public void updateAccumulators(String[] keys, NDList labels, NDList predictions) {
        observing = false;
        try {
            super.updateAccumulators(keys, labels, predictions);
        } finally {
            observing = true;
        }
    }
}
