package ai.spattention.crossentropy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.common.InvalidInputException;
import ai.spattention.plan.ArrayLaunches;
import ai.spattention.plan.RecordedLaunches;
import ai.spattention.torch.Bfloat16;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is checked before a launch, which needs no GPU. */
class CrossEntropyStepsTest {

    private final RecordedLaunches recorded = new RecordedLaunches(80);

    @ParameterizedTest
    @CsvSource({"INT32, 3, 3, 0", "INT64, 2, 2, 0", "INT64, 3, 2, 0", "INT64, 3, 3, 1"})
    void targetsThatWouldReadForeignMemoryAreRefused(DataType type, int targets, int losses, int first) {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray logits = Bfloat16.of(manager.ones(new Shape(3, 8)));
            InvalidInputException refusal = assertThrows(InvalidInputException.class,
                    () -> add(logits, manager.zeros(new Shape(targets), type), manager.zeros(new Shape(losses)), first));
            assertTrue(refusal.getMessage().matches("(targets|losses) must be .*|each row of logits needs a target .*"), refusal.getMessage());
            assertTrue(recorded.kernels().isEmpty());
        }
    }

    @Test
    void rowsOfASliceAreLaunched() {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray logits = Bfloat16.of(manager.ones(new Shape(3, 16)));
            add(logits, manager.zeros(new Shape(5), DataType.INT64), manager.zeros(new Shape(5)), 2);
            assertEquals(List.of("cross_entropy"), recorded.kernels());
            assertEquals(2L, recorded.numbers(0).get("first"));
            assertEquals(16L, recorded.numbers(0).get("size"));
            assertFalse(CrossEntropySteps.serves(logits, 16));
        }
    }

    private void add(NDArray logits, NDArray targets, NDArray losses, long first) {
        try (ArrayLaunches launches = recorded.over(logits)) {
            new CrossEntropySteps(launches).gradients(launches.in("logits", logits), launches.in("targets", targets),
                    launches.in("losses", losses), launches.in("count", logits.getManager().create(1f)), first);
        }
    }
}
