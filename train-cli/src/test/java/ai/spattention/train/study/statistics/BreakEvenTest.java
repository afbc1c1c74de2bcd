package ai.spattention.train.study.statistics;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.train.study.statistics.BreakEven.Budget;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class BreakEvenTest {

    private static Difference difference(double estimate) {
        return new Difference("sp", "causal", estimate, 4, OptionalDouble.of(0.01),
                Optional.of(new Interval(estimate - 0.02, estimate + 0.02)), Optional.empty(), 1);
    }

    @Test
    void anArmMustMakeUpForItsLossWithTokens() {
        // four times the tokens gain 0.2 nats: an arm that ends 0.1 nats higher needs twice as many
        BreakEven even = BreakEven.of(new Budget(1e6, 3.2), new Budget(4e6, 3.0), difference(0.1)).orElseThrow();
        assertEquals(0.2 / Math.log(4), even.slope(), 1e-12);
        assertEquals(2, even.ratio(), 1e-9);
        assertEquals(Math.pow(4, 0.4), even.interval95().orElseThrow().low(), 1e-9);
        assertEquals(Math.pow(4, 0.6), even.interval95().orElseThrow().high(), 1e-9);
    }

    @Test
    void anArmWithLessLossNeedsNoSpeedUp() {
        assertEquals(0.5, BreakEven.of(new Budget(4e6, 3.0), new Budget(1e6, 3.2), difference(-0.1)).orElseThrow().ratio(), 1e-9);
        assertEquals(1, BreakEven.of(new Budget(4e6, 3.0), new Budget(1e6, 3.2), difference(0)).orElseThrow().ratio());
    }

    @Test
    void withoutAGainOfTokensNothingIsSaid() {
        assertEquals(Optional.empty(), BreakEven.of(new Budget(1e6, 3.0), new Budget(4e6, 3.0), difference(0.1)));
        assertEquals(Optional.empty(), BreakEven.of(new Budget(1e6, 3.0), new Budget(4e6, 3.1), difference(0.1)));
        assertEquals(Optional.empty(), BreakEven.of(new Budget(1e6, 3.0), new Budget(1e6, 2.9), difference(0.1)));
    }
}
