package ai.spattention.row;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.InvalidInputException;
import ai.spattention.torch.Bfloat16;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is checked before a launch, which needs no GPU. */
class RowKernelsTest {

    @ParameterizedTest
    @CsvSource({"INT32, 3, 3, 0", "INT64, 2, 2, 0", "INT64, 3, 2, 0", "INT64, 3, 3, 1"})
    void crossEntropyRefusesTargetsThatWouldReadForeignMemory(DataType type, int targets, int losses, int first) {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray logits = Bfloat16.of(manager.ones(new Shape(3, 8)));
            InvalidInputException refusal = assertThrows(InvalidInputException.class, () -> RowKernels.crossEntropy(logits,
                    manager.zeros(new Shape(targets), type), manager.zeros(new Shape(losses)), manager.ones(new Shape()), first));
            assertTrue(refusal.getMessage().startsWith("the targets must be int64, one for each token"), refusal.getMessage());
        }
    }
}
