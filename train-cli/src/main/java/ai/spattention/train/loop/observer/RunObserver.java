package ai.spattention.train.loop.observer;

import ai.spattention.eval.probe.ProbeResult;
import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Is told of what happens in a run, in the run's own thread. */
public interface RunObserver {

    /**
     * The run begins or goes on.
     *
     * @param firstStep the first step to come
     * @param lastStep the last one
     * @throws IOException if the observer cannot write
     */
    default void started(long firstStep, long lastStep) throws IOException {}

    /**
     * Whether a step's metrics are kept already. Asked after the run has begun: a run may have been killed between its last
     * checkpoint and its last record.
     *
     * @param step the last step that is done
     * @return false if they are to be told again
     */
    default boolean hasStep(long step) {
        return true;
    }

    /**
     * A step is done.
     *
     * @param metrics what was measured
     * @throws IOException if the observer cannot write
     */
    default void step(StepMetrics metrics) throws IOException {}

    /**
     * Text was sampled.
     *
     * @param step after which step
     * @param prompt what the model was given
     * @param text what it went on with
     * @throws IOException if the observer cannot write
     */
    default void sampled(long step, String prompt, String text) throws IOException {}

    /**
     * The model was probed on held-out text.
     *
     * @param step after which step
     * @param results what the probes gave
     * @throws IOException if the observer cannot write
     */
    default void probed(long step, List<ProbeResult> results) throws IOException {}

    /**
     * A checkpoint was written.
     *
     * @param step after which step
     * @param folder where
     * @throws IOException if the observer cannot write
     */
    default void checkpointed(long step, Path folder) throws IOException {}

    /**
     * Something that a person should know.
     *
     * @param message one line
     */
    default void note(String message) {}
}
