package ai.spattention.olmoe.loss;

import ai.djl.ndarray.NDArray;
import ai.spattention.crossentropy.CrossEntropySteps;
import ai.spattention.plan.ArrayLaunches;

/** The cross-entropy of a slice of tokens, and its gradient. */
@FunctionalInterface
interface SliceLoss {

    /** By libtorch's operators, anywhere. */
    SliceLoss BY_OPERATORS = (logits, targets, losses, count, first, end) ->
            LossOperators.module().call("head_slice", logits, targets, losses, count, first, end).singletonOrThrow();

    /** By a GPU kernel that reads the logits and writes their gradient in place. */
    SliceLoss BY_KERNEL = (logits, targets, losses, count, first, end) -> {
        try (ArrayLaunches launches = ArrayLaunches.over(logits)) {
            new CrossEntropySteps(launches).gradients(launches.in("logits", logits), launches.in("targets", targets),
                    launches.in("losses", losses), launches.in("count", count), first);
        }
        return logits;
    };

    /** The way for a model. */
    static SliceLoss of(NDArray hidden, long classes) {
        return CrossEntropySteps.serves(hidden, classes) ? BY_KERNEL : BY_OPERATORS;
    }

    /**
     * Computes a slice.
     *
     * @param logits [n, V]; used up
     * @param targets of all tokens, [T]
     * @param losses of all tokens, [T]: those of the slice are written
     * @param count by how many the losses' sum will be divided, a scalar
     * @param first the slice's first token
     * @param end the one after its last
     * @return the gradient of the logits, [n, V], which may be the same array
     */
    NDArray gradient(NDArray logits, NDArray targets, NDArray losses, NDArray count, long first, long end);
}
