package ai.spattention.train.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.spattention.olmoe.loss.LossValues;
import ai.spattention.train.loop.step.StepOutcome;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class SkipLimitTest {

    private static final StepOutcome DONE = new StepOutcome(new LossValues(2, 2, 0, 0), 1, false);
    private static final StepOutcome SKIPPED = new StepOutcome(new LossValues(Double.NaN, Double.NaN, 0, 0), 1, true);

    private static final Supplier<List<String>> NOBODY_ASKS = () -> {
        throw new AssertionError("asked of an update that was made");
    };

    private final List<String> notes = new ArrayList<>();
    private final SkipLimit limit = new SkipLimit(notes::add);

    private long skip(long from, int steps) {
        for (long step = from; step < from + steps; step++) {
            limit.count(step, SKIPPED, List::of);
        }
        return from + steps;
    }

    @Test
    void oneUpdateBetweenBeginsAnew() {
        limit.count(1, DONE, NOBODY_ASKS);
        assertEquals(List.of(), notes);
        long step = skip(2, SkipLimit.IN_A_ROW - 1);
        limit.count(step, DONE, NOBODY_ASKS);
        step = skip(step + 1, SkipLimit.IN_A_ROW - 1);
        limit.count(step, DONE, NOBODY_ASKS);
        assertEquals(2 * (SkipLimit.IN_A_ROW - 1), notes.size());
        assertEquals("warning: step 2 is skipped: loss NaN, gradient norm 1.0", notes.get(0));
    }

    @Test
    void theLastOfManyInARowEndsTheRun() {
        long step = skip(4, SkipLimit.IN_A_ROW - 1);
        String message = assertThrows(TrainingFailedException.class, () -> limit.count(step, SKIPPED, List::of)).getMessage();
        assertEquals("the loss or a gradient was not finite in 20 steps in a row, the last of them step 23: lower optimizer.peak_lr or"
                + " training.max_grad_norm and resume from an earlier checkpoint", message);
        assertEquals(SkipLimit.IN_A_ROW, notes.size());
    }

    @Test
    void tellsWhere() {
        limit.count(1, SKIPPED, () -> List.of("a"));
        limit.count(2, SKIPPED, () -> List.of("a", "b", "c"));
        assertEquals(List.of("warning: step 1 is skipped: loss NaN, gradient norm 1.0, not finite in a",
                "warning: step 2 is skipped: loss NaN, gradient norm 1.0, not finite in a and 2 more, last c"), notes);
    }
}
