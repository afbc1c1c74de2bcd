package ai.spattention.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.spattention.torch.AutogradFunction;
import ai.spattention.torch.AutogradOperator;

/**
 * A kernel's own forward and backward pass under libtorch's autograd.
 *
 * @param kernel a kernel whose forward pass gives the result and one more array; equal to others of its kind, for it is kept
 * @param layout the pattern and its layout length
 * @param dropout the probability with which an attention weight is dropped, in [0, 1); each call draws a seed
 */
public record AutogradAttention(ExplicitGradientKernel kernel, AttentionLayout layout, float dropout) implements AutogradFunction {

    /**
     * Computes attention; autograd passes through the result.
     *
     * @param queries [B, H, N, D]
     * @param keys [B, G, M, D]
     * @param values [B, G, M, D]
     * @param documents [B, M], int64, or null for one document
     * @return [B, H, N, D]
     */
    public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents) {
        return AutogradOperator.apply(this, queries, keys, values, documents, AttentionDropout.draw(dropout).seed());
    }

    @Override
    public NDList forward(NDArray queries, NDArray keys, NDArray values, NDArray documents, long seed) {
        return kernel.forward(queries, keys, values, documents, layout, new AttentionDropout(dropout, seed));
    }

    @Override
    public NDList backward(NDArray queries, NDArray keys, NDArray values, NDArray documents, long seed, NDList forward,
            NDArray gradient) {
        return kernel.backward(queries, keys, values, documents, layout, new AttentionDropout(dropout, seed), forward, gradient);
    }
}
