package ai.spattention.train.loop.step;

import ai.djl.nn.Parameter;
import ai.spattention.olmoe.checkpoint.ParameterValues;
import ai.spattention.olmoe.loss.LossMeter;
import ai.spattention.plan.Plan;
import ai.spattention.torch.EngineArrays;
import ai.spattention.train.optim.MomentSlice;
import ai.spattention.train.optim.SavedMoments;
import java.util.List;

/** Makes an update of the gradients that a step's micro-batches have added up, and keeps the optimizer's state. */
interface StepUpdate extends AutoCloseable {

    /** Takes the memory that a whole step needs beside the weights, so that it fails now or never. */
    void prepare();

    /** Before something else runs on the device: gives back what memory that may need. */
    default void pause() {
        // the engine shares its memory out by itself
    }

    /** Before a step's first micro-batch: there are no gradients. */
    void begin();

    /** Before a micro-batch's backward pass. */
    default void beforeBackward() {
        // there is memory for its gradients
    }

    /** After a micro-batch's backward pass. */
    default void afterBackward() {
        // its gradients are added to those before
    }

    /**
     * Waits until this rank has computed a step's passes.
     *
     * @param losses the micro-batches' losses
     */
    default void await(LossMeter losses) {
        EngineArrays.readable(losses.sums()).close(); // to copy from a device waits for it
    }

    /**
     * After a step's last micro-batch: sums over the ranks, divides, clips and updates, or skips. Waits for the device.
     *
     * @param losses the micro-batches' losses, which are read
     * @return what the step was on all ranks
     */
    StepOutcome update(LossMeter losses);

    /**
     * After an update that was skipped: where gradients were not finite.
     *
     * @return those of the parameters that this rank updates, as far as their gradients still have memory
     */
    List<Parameter> notFinite();

    /**
     * How many updates there were, skipped ones not counted.
     *
     * @return 0 before the first
     */
    long updates();

    /**
     * The optimizer's state that this rank keeps.
     *
     * @return parts of parameters, all ranks' together of every parameter once; the arrays stay the optimizer's, until this is called again
     */
    List<MomentSlice> moments();

    /**
     * Takes up the state of a checkpoint.
     *
     * @param updates how many updates there were
     * @param moments the checkpoint's moments
     */
    void restore(long updates, SavedMoments moments);

    /**
     * The weights.
     *
     * @return where their exact values are read and written
     */
    ParameterValues values();

    /**
     * Measures a pass of a planned model, after one has run.
     *
     * @return each launch's time in order; none where passes run by blocks
     */
    default List<Plan.StepTime> profile() {
        return List.of();
    }

    @Override
    void close();
}
