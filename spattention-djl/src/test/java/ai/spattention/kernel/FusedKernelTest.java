package ai.spattention.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.InvalidInputException;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.torch.Bfloat16;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the fused kernel says where it cannot run: on a CPU, and for calls that do not suit it. */
class FusedKernelTest {

    private static final AttentionLayout SP = new AttentionLayout(StandardPattern.SP, LayoutLength.SEQUENCE);

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");

    @AfterEach
    void close() {
        manager.close();
    }

    private NDArray queries(DataType type, long headDim) {
        return manager.ones(new Shape(2, 3, 10, headDim)).toType(type, false);
    }

    @Test
    void refusesTheCpu() {
        NDArray x = Bfloat16.of(manager.ones(new Shape(1, 2, 5, 64)));
        assertEquals("it runs on NVIDIA GPUs only (got device cpu())", FusedKernel.unfit(x, 5, SP, 0).orElseThrow());
        String message = assertThrows(InvalidInputException.class, () -> new FusedKernel().attend(x, x, x, SP, 0, false)).getMessage();
        assertEquals("the fused kernel cannot compute this: it runs on NVIDIA GPUs only (got device cpu()); choose another kernel,"
                + " or auto", message);
        assertThrows(InvalidInputException.class, () -> new FusedKernel().forward(x, x, x, null, SP));
    }

    @Test
    void saysWhyACallDoesNotSuit() {
        NDArray half = queries(DataType.FLOAT16, 64);
        assertTrue(FusedKernel.unfitCall(half, 10, SP, 0).isEmpty());
        assertTrue(FusedKernel.unfitCall(Bfloat16.of(queries(DataType.FLOAT32, 128)), 10, SP, 0).isEmpty());
        assertEquals("it computes in bfloat16 and float16 (got float32)",
                FusedKernel.unfitCall(queries(DataType.FLOAT32, 64), 10, SP, 0).orElseThrow());
        assertEquals("it takes head dimension 64 or 128 (got 32)",
                FusedKernel.unfitCall(queries(DataType.FLOAT16, 32), 10, SP, 0).orElseThrow());
        assertEquals("it has no dropout of attention weights (got 0.1)", FusedKernel.unfitCall(half, 10, SP, 0.1f).orElseThrow());
        assertEquals("a head sees strided distances other than the multiples of one number", FusedKernel.unfitCall(half, 100,
                new AttentionLayout(StandardPattern.REFORMER, LayoutLength.SEQUENCE), 0).orElseThrow());
        assertEquals("it takes a batch of at most 65535 and at most 4194240 positions (got 2 and 5000000)",
                FusedKernel.unfitCall(half, 5_000_000, SP, 0).orElseThrow());
    }

    @Test
    void servesEveryPatternButReformer() {
        for (StandardPattern pattern : StandardPattern.values()) {
            for (int length : new int[] {17, 64, 1000, 4096}) {
                assertEquals(pattern != StandardPattern.REFORMER, FusedKernel.unfitCall(queries(DataType.FLOAT16, 64), length,
                        new AttentionLayout(pattern, LayoutLength.SEQUENCE), 0).isEmpty(), pattern + " " + length);
            }
        }
    }

    @Test
    void leavesAutogradToTheTiledKernel() {
        NDArray x = manager.randomNormal(new Shape(1, 2, 20, 8));
        float[] expected = new TiledKernel().attend(x, x, x, SP, 0, true).toFloatArray();
        assertArrayEquals(expected, new FusedKernel().attend(x, x, x, SP, 0, true).toFloatArray());
    }

    @Test
    void isFoundByItsName() {
        assertInstanceOf(FusedKernel.class, Kernels.of("fused"));
        assertEquals("fused", Kernels.of("fused").name());
    }
}
