package ai.spattention.olmoe.pass;

import ai.spattention.cuda.GraphRefusedException;
import java.util.function.Consumer;
import java.util.function.Function;

/** Starts phases of passes as graphs until the driver refuses one, from then on launch by launch. Any other failure is the caller's. */
final class PassStarts {

    private final Consumer<String> notes;
    private TrainingPass.Start start;

    /**
     * Begins.
     *
     * @param start how phases are started
     * @param notes is told, in one line, when that changes
     */
    PassStarts(TrainingPass.Start start, Consumer<String> notes) {
        this.start = start;
        this.notes = notes;
    }

    /**
     * Starts a phase. It is started again only where the driver did not record it, when nothing of it has run: a phase that adds to
     * gradients never runs one and a half times.
     *
     * @param phase starts it in the way that it is given
     * @return what it gives
     */
    <T> T run(Function<TrainingPass.Start, T> phase) {
        try {
            return phase.apply(start);
        } catch (GraphRefusedException e) {
            if (start == TrainingPass.Start.LAUNCHES) {
                throw e;
            }
            notes.accept("the driver refuses a CUDA graph, launches go one by one: " + e.getMessage());
            start = TrainingPass.Start.LAUNCHES;
            return phase.apply(start);
        }
    }
}
