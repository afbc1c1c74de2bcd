package ai.spattention.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

/**
 * A kernel with a backward pass of its own, for training that walks the backward pass segment by segment. Neither method
 * records anything for the engine's autograd. {@link #attend} remains for every other use.
 */
public interface ExplicitGradientKernel extends AttentionKernel {

    /**
     * Computes attention and what its backward pass needs besides the inputs.
     *
     * @param queries [B, H, N, D]
     * @param keys [B, G, M, D]
     * @param values [B, G, M, D]
     * @param documents [B, M], int64, or null for one document
     * @param layout the pattern and its layout length
     * @param dropout which attention weights are dropped
     * @return the result [B, H, N, D], then whatever {@link #backward} wants of it (for example the log-sum-exp of each row);
     *     attached to the queries' manager
     */
    NDList forward(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            AttentionDropout dropout);

    /**
     * Computes the gradients.
     *
     * @param queries as given to {@link #forward}
     * @param keys as given to {@link #forward}
     * @param values as given to {@link #forward}
     * @param documents as given to {@link #forward}
     * @param layout as given to {@link #forward}
     * @param dropout as given to {@link #forward}
     * @param forward what {@link #forward} gave
     * @param gradient the gradient of the result, [B, H, N, D], in the result's type, of any strides
     * @return the gradients of queries, keys and values, in their shapes and types; attached to the queries' manager
     */
    NDList backward(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            AttentionDropout dropout, NDList forward, NDArray gradient);
}
