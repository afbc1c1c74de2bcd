package ai.spattention.train.loop.periodic;

import ai.spattention.train.metrics.StepMetrics;
import java.io.Closeable;
import java.io.IOException;

/**
 * Something that a run does after some of its steps. It changes neither the weights nor the run's randomness, so that a run learns the
 * same whatever is done between its steps.
 */
public interface Periodic extends Closeable {

    /**
     * Whether it acts after a step.
     *
     * @param step the step that is done, from 1 on
     * @param isLast whether it is the run's last
     * @return true if {@link #act} is to be called
     */
    boolean isDue(long step, boolean isLast);

    /**
     * Acts.
     *
     * @param end the step's end
     * @param metrics the step's metrics, to which it adds what it measures
     * @throws IOException if it fails such that the run cannot go on
     */
    void act(StepEnd end, StepMetrics.Builder metrics) throws IOException;

    /**
     * Closes what it has opened.
     *
     * @throws IOException if that fails
     */
    @Override
    default void close() throws IOException {
        // most open nothing that stays open
    }
}
