package ai.spattention.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

/**
 * A function of three arrays with a backward pass of its own, for {@link AutogradOperator}. libtorch's autograd records nothing
 * inside either method. What they return must be their own: no argument, and no view of one.
 *
 * <p>Equal functions are one to the operator, which keeps each for as long as the process runs: a function should be a small
 * record of what it depends on. Several threads may run one at a time; {@link #backward} runs on a thread of libtorch's.
 */
public interface AutogradFunction {

    /**
     * Computes the result and what the backward pass needs besides the arguments.
     *
     * @param first an array of two axes or more
     * @param second an array of two axes or more
     * @param third an array of two axes or more
     * @param constant what no gradient is wanted of, or null
     * @param seed what random numbers are made of, where the function draws some
     * @return the result, then one array for {@link #backward}
     */
    NDList forward(NDArray first, NDArray second, NDArray third, NDArray constant, long seed);

    /**
     * Computes the gradients.
     *
     * @param first as given to {@link #forward}
     * @param second as given to {@link #forward}
     * @param third as given to {@link #forward}
     * @param constant as given to {@link #forward}
     * @param seed as given to {@link #forward}
     * @param forward what {@link #forward} gave
     * @param gradient the gradient of the result, of any strides
     * @return the gradients of {@code first}, {@code second} and {@code third}, in their shapes and types
     */
    NDList backward(NDArray first, NDArray second, NDArray third, NDArray constant, long seed, NDList forward, NDArray gradient);
}
