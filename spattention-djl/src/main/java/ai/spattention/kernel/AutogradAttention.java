package ai.spattention.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.spattention.torch.AutogradFunction;
import ai.spattention.torch.AutogradOperator;

/**
 * A kernel's own forward and backward pass under libtorch's autograd.
 *
 * @param kernel a kernel whose forward pass gives the result and one more array; equal to others of its kind, for it is kept
 * @param layout the pattern and its layout length
 */
record AutogradAttention(ExplicitGradientKernel kernel, AttentionLayout layout) implements AutogradFunction {

    /** Computes attention; autograd passes through the result [B, H, N, D]. */
    NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents) {
        return AutogradOperator.apply(this, queries, keys, values, documents);
    }

    @Override
    public NDList forward(NDArray queries, NDArray keys, NDArray values, NDArray documents) {
        return kernel.forward(queries, keys, values, documents, layout);
    }

    @Override
    public NDList backward(NDArray queries, NDArray keys, NDArray values, NDArray documents, NDList forward, NDArray gradient) {
        return kernel.backward(queries, keys, values, documents, layout, forward, gradient);
    }
}
