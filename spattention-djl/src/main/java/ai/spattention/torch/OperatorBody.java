package ai.spattention.torch;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;

/** What an operator computes. */
@FunctionalInterface
interface OperatorBody {

    /**
     * Computes the operator's tensors.
     *
     * @param scope owns the arguments and is closed after the call
     * @param arguments one each: an NDArray, a Double, a Boolean or a Long; null for an optional or undefined one
     * @return the first of the operator's results that are tensors; the others become undefined tensors
     */
    NDList compute(NDManager scope, Object[] arguments);
}
