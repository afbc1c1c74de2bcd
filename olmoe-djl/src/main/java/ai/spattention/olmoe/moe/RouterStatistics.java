package ai.spattention.olmoe.moe;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import java.util.List;

/**
 * What the router losses and the reports need to know of a routing; it stays on the device. Either of one layer, or of
 * all layers with a leading axis L.
 *
 * @param tokensPerExpert how many tokens chose each expert, [E] or [L, E], int64, no gradient
 * @param meanProbabilities each expert's probability, mean over the tokens, [E] or [L, E]
 * @param squaredLogSumExp the mean over the tokens of logsumexp(logits)², [] or [L]
 */
public record RouterStatistics(NDArray tokensPerExpert, NDArray meanProbabilities, NDArray squaredLogSumExp) {

    /** How many arrays {@link #toList} gives. */
    public static final int SIZE = 3;

    /**
     * Computes the statistics of one layer's routing.
     *
     * @param routing the routing of T tokens
     * @return the statistics, attached to the routing's manager
     */
    public static RouterStatistics of(Routing routing) {
        return of(ExpertOperators.module()
                .call("statistics", routing.logits(), routing.probabilities(), routing.experts()));
    }

    /**
     * Reads what {@link #toList} wrote.
     *
     * @param list three arrays
     * @return the statistics
     */
    public static RouterStatistics of(NDList list) {
        return new RouterStatistics(list.get(0), list.get(1), list.get(2));
    }

    /**
     * Puts the layers' statistics together.
     *
     * @param layers one for each of L layers
     * @return arrays with a leading axis L
     */
    public static RouterStatistics stack(List<RouterStatistics> layers) {
        NDList tokens = new NDList();
        NDList probabilities = new NDList();
        NDList squares = new NDList();
        for (RouterStatistics layer : layers) {
            tokens.add(layer.tokensPerExpert);
            probabilities.add(layer.meanProbabilities);
            squares.add(layer.squaredLogSumExp);
        }
        return new RouterStatistics(NDArrays.stack(tokens), NDArrays.stack(probabilities), NDArrays.stack(squares));
    }

    /**
     * The arrays in the record's order.
     *
     * @return three arrays
     */
    public NDList toList() {
        return new NDList(tokensPerExpert, meanProbabilities, squaredLogSumExp);
    }
}
