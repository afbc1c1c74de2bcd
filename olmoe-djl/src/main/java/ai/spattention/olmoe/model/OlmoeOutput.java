package ai.spattention.olmoe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.spattention.olmoe.moe.RouterStatistics;

/**
 * What a model gives for its tokens.
 *
 * @param logits [B, N, V]; or, where the model computed the language-model loss itself, that loss, a scalar
 * @param routers the statistics of all layers' routers, with a leading axis L
 */
public record OlmoeOutput(NDArray logits, RouterStatistics routers) {

    /**
     * Reads what {@link #toList} wrote.
     *
     * @param list the outputs of an {@link OlmoeModel}
     * @return the outputs by name
     */
    public static OlmoeOutput of(NDList list) {
        return new OlmoeOutput(list.head(), RouterStatistics.of(list.subNDList(1)));
    }

    /**
     * The outputs as DJL's blocks give them.
     *
     * @return logits, then the three arrays of the routers' statistics
     */
    public NDList toList() {
        return new NDList(logits).addAll(routers.toList());
    }
}
