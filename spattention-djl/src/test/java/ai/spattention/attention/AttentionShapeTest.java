package ai.spattention.attention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.attention.auto.Kernels;
import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.torch.Bfloat16;
import org.junit.jupiter.api.Test;

class AttentionShapeTest {

    private static final AttentionLayout CAUSAL = new AttentionLayout(StandardPattern.CAUSAL, LayoutLength.SEQUENCE);

    /** Whichever kernel is asked. */
    @Test
    void refusalsSayWhatIsTakenAndWhatWasGiven() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray x = manager.ones(new Shape(2, 4, 6, 8));
            NDArray whole = x.toType(DataType.INT64, true);
            for (String name : Kernels.names()) {
                AttentionKernel kernel = Kernels.of(name);
                assertEquals("attention takes queries [B, H, N, D] and keys and values [B, G, M, D] with N <= M and H divisible by G (got"
                        + " (2, 4, 6, 8), (2, 4, 6, 8) and (2, 3, 6, 8))", refused(kernel, x, x, manager.ones(new Shape(2, 3, 6, 8)), null));
                assertEquals("attention takes queries, keys and values of one floating-point type (got float32, float32 and float64)",
                        refused(kernel, x, x, x.toType(DataType.FLOAT64, true), null));
                assertEquals("attention takes queries, keys and values of one floating-point type (got float32, bfloat16 and float32)",
                        refused(kernel, x, Bfloat16.of(x), x, null));
                assertEquals("attention takes queries, keys and values of one floating-point type (got int64, int64 and int64)",
                        refused(kernel, whole, whole, whole, null));
                assertEquals("documents must be int64 [B, M] = [2, 6] (got int64 (2, 4))",
                        refused(kernel, x, x, x, manager.zeros(new Shape(2, 4), DataType.INT64)));
            }
        }
    }

    private static String refused(AttentionKernel kernel, NDArray queries, NDArray keys, NDArray values, NDArray documents) {
        return assertThrows(InvalidInputException.class, () -> kernel.attend(queries, keys, values, documents, CAUSAL, 0, false), kernel.name())
                .getMessage();
    }
}
