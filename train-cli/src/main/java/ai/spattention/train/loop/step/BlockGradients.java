package ai.spattention.train.loop.step;

import ai.djl.ndarray.NDArray;
import ai.spattention.train.optim.FlatLayout;
import java.util.List;

/** What becomes of the gradients that blocks compute, on all ranks, until the weights are updated by their sums. */
interface BlockGradients extends AutoCloseable {

    /** Before a step's first micro-batch: there are none. */
    void begin();

    /** Before a micro-batch's backward pass. */
    default void beforeBackward() {
        // the engine has memory for them, or takes it
    }

    /** After a micro-batch's backward pass. */
    default void afterBackward() {
        // the engine adds them up
    }

    /** After the last micro-batch: sums them over the ranks. */
    void sum();

    /**
     * What this rank updates.
     *
     * @return parts of parameters, its own slice among them
     */
    List<FlatLayout.Fragment> updated();

    /**
     * The sums of a part that is updated here.
     *
     * @param part a part of one of {@link #updated}, or all of it
     * @return a view in the part's shape; the caller closes it
     */
    NDArray of(FlatLayout.Fragment part);

    /** After the update: gives all ranks the weights. */
    void share();

    @Override
    void close();
}
