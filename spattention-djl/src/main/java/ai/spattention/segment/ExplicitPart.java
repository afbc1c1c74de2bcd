package ai.spattention.segment;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

/** A part of a model with a backward pass of its own. Nothing is recorded for the engine's autograd while one of the first two runs. */
public interface ExplicitPart {

    /**
     * What a forward pass gave.
     *
     * @param outputs the results
     * @param kept what the backward pass needs besides the inputs; may hold results
     */
    record Forward(NDList outputs, NDList kept) {}

    /**
     * Computes the results.
     *
     * @param inputs the inputs
     * @return the results and what to keep
     */
    Forward forward(NDList inputs);

    /**
     * Computes the gradients.
     *
     * @param inputs the inputs
     * @param kept what the forward pass kept
     * @param gradients the gradient of each result; null where it received none
     * @return the gradient of each input, null for none; a type other than the input's is converted as it is added
     */
    NDArray[] backward(NDList inputs, NDList kept, NDArray[] gradients);

    /**
     * The same results by operations that the engine differentiates.
     *
     * @param inputs the inputs
     * @return the results
     */
    NDList differentiable(NDList inputs);
}
