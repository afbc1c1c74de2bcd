package ai.spattention.train.loop.periodic;

import ai.djl.ndarray.NDManager;
import ai.spattention.olmoe.model.OlmoeModel;
import java.util.function.BooleanSupplier;

/**
 * Where a run stands when a step is done.
 *
 * @param progress how far it is, that step included
 * @param isLast whether the step is the run's last
 * @param model the model as the step left it, in inference mode for whoever asks it
 * @param manager a manager on the model's device; whoever acts keeps arrays in managers below it
 * @param stop whether the run is asked to stop: what takes long asks it and leaves
 */
public record StepEnd(RunProgress progress, boolean isLast, OlmoeModel model, NDManager manager, BooleanSupplier stop) {

    /**
     * The step that is done.
     *
     * @return its number, from 1 on
     */
    public long step() {
        return progress.step();
    }
}
