package ai.spattention.olmoe.moe;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

/**
 * Where a router sends its tokens.
 *
 * @param logits the router's logits, [T, E], float32 (float64 in a float64 model)
 * @param probabilities their softmax over all experts, [T, E], of the same type
 * @param experts the K experts of each token, the likeliest first, [T, K], int64
 * @param weights what each of them counts, [T, K], in the logits' type
 */
public record Routing(NDArray logits, NDArray probabilities, NDArray experts, NDArray weights) {

    /** The arrays, for handing them from one manager to another. */
    NDList toList() {
        return new NDList(logits, probabilities, experts, weights);
    }

    static Routing of(NDList list) {
        return new Routing(list.get(0), list.get(1), list.get(2), list.get(3));
    }
}
