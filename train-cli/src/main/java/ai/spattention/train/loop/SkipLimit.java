package ai.spattention.train.loop;

import ai.spattention.train.loop.step.StepOutcome;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Tells of skipped steps and ends a run that does nothing else: a loss that is not finite many times in a row is not bad luck. */
final class SkipLimit {

    /** How many steps in a row may not all be skipped. */
    static final int IN_A_ROW = 20;

    private final Consumer<String> notes;
    private int inARow;

    SkipLimit(Consumer<String> notes) {
        this.notes = notes;
    }

    /**
     * Counts a step.
     *
     * @param step its number
     * @param outcome what it was
     * @param notFinite tells, of a step that was skipped, whose gradients were not finite
     * @throws TrainingFailedException if it is the last of {@value #IN_A_ROW} that were skipped
     */
    void count(long step, StepOutcome outcome, Supplier<List<String>> notFinite) {
        if (!outcome.skipped()) {
            inARow = 0;
            return;
        }
        inARow++;
        notes.accept("warning: step " + step + " is skipped: loss " + outcome.loss().total() + ", gradient norm " + outcome.gradientNorm()
                + where(notFinite.get()));
        if (inARow == IN_A_ROW) {
            throw new TrainingFailedException("the loss or a gradient was not finite in " + IN_A_ROW + " steps in a row, the last of them"
                    + " step " + step + ": lower optimizer.peak_lr or training.max_grad_norm and resume from an earlier checkpoint");
        }
    }

    private static String where(List<String> names) {
        if (names.isEmpty()) {
            return "";
        }
        return ", not finite in " + names.get(0) + (names.size() == 1 ? "" : " and " + (names.size() - 1) + " more, last " + names.get(names.size() - 1));
    }
}
