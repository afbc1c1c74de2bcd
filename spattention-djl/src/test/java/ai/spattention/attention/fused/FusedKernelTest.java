package ai.spattention.attention.fused;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.InvalidInputException;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionDropout;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.GradientMode;
import ai.spattention.attention.auto.Kernels;
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

    private static AttentionCall call(AttentionLayout layout, Device device, DataType type, int length, int headDim,
            boolean dropout, GradientMode gradients) {
        return new AttentionCall(layout, device, type, 3, 3, length, length, headDim, false, dropout, gradients);
    }

    private static String misfit(AttentionLayout layout, DataType type, int length, int headDim, boolean dropout) {
        return FusedKernel.misfitOfShape(call(layout, Device.gpu(), type, length, headDim, dropout, GradientMode.EXPLICIT))
                .orElse("");
    }

    @Test
    void refusesTheCpu() {
        NDArray x = Bfloat16.of(manager.ones(new Shape(1, 2, 5, 64)));
        String message = assertThrows(InvalidInputException.class, () -> new FusedKernel().attend(x, x, x, SP, 0, false)).getMessage();
        assertEquals("the fused kernel cannot compute this attention (pattern sp): it runs on NVIDIA GPUs only (got device cpu());"
                + " choose another kernel, or auto", message);
        assertThrows(InvalidInputException.class, () -> new FusedKernel().forward(x, x, x, null, SP, AttentionDropout.NONE));
    }

    @Test
    void saysWhyACallDoesNotSuit() {
        assertEquals("", misfit(SP, DataType.FLOAT16, 10, 64, false));
        assertEquals("", misfit(SP, DataType.BFLOAT16, 10, 128, false));
        assertEquals("", misfit(SP, DataType.FLOAT32, 10, 96, false));
        assertEquals("", misfit(SP, DataType.FLOAT32, 10, 1, false));
        assertEquals("it computes in bfloat16, float16 and float32 (got float64)", misfit(SP, DataType.FLOAT64, 10, 64, false));
        assertEquals("it takes head dimensions up to 256 (got 257)", misfit(SP, DataType.FLOAT16, 10, 257, false));
        assertEquals("", misfit(SP, DataType.FLOAT16, 10, 64, true));
        assertEquals("a head sees strided distances other than the multiples of one number",
                misfit(new AttentionLayout(StandardPattern.REFORMER, LayoutLength.SEQUENCE), DataType.FLOAT16, 100, 64, false));
        assertEquals("it takes at most 4194240 positions (got 5000000)", misfit(SP, DataType.FLOAT16, 5_000_000, 64, false));
        AttentionCall plain = call(SP, Device.gpu(), DataType.BFLOAT16, 10, 64, false, GradientMode.ENGINE);
        assertEquals(FusedKernel.unavailable(Device.gpu()), new FusedKernel().misfit(plain), "libtorch's autograd calls it, too");
    }

    @Test
    void servesEveryPatternButReformer() {
        for (StandardPattern pattern : StandardPattern.values()) {
            for (int length : new int[] {17, 64, 1000, 4096}) {
                AttentionLayout layout = new AttentionLayout(pattern, LayoutLength.SEQUENCE);
                assertEquals(pattern != StandardPattern.REFORMER, misfit(layout, DataType.FLOAT16, length, 64, false).isEmpty(),
                        pattern + " " + length);
            }
        }
    }

    @Test
    void refusesWhatItCannotComputeWhoeverAsks() {
        NDArray x = manager.randomNormal(new Shape(1, 2, 20, 8));
        for (boolean training : new boolean[] {true, false}) {
            String message = assertThrows(InvalidInputException.class, () -> new FusedKernel().attend(x, x, x, SP, 0, training)).getMessage();
            assertEquals("the fused kernel cannot compute this attention (pattern sp): it runs on NVIDIA GPUs only (got device cpu());"
                    + " choose another kernel, or auto", message);
        }
    }

    @Test
    void isFoundByItsName() {
        assertInstanceOf(FusedKernel.class, Kernels.of("fused"));
        assertEquals("fused", Kernels.of("fused").name());
    }
}
