package ai.spattention.attention.fused;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionDropout;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.GradientMode;
import ai.spattention.attention.auto.Kernels;
import ai.spattention.common.InvalidInputException;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.KernelLibrary;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.torch.Bfloat16;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the fused kernel says where it cannot run: on a CPU, and for calls that do not suit it. */
class FusedKernelTest {

    private static final AttentionLayout SP = new AttentionLayout(StandardPattern.SP, LayoutLength.SEQUENCE);

    private static final CudaTarget TARGET = new CudaTarget(0, 90, 132, 232_448);

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");

    @AfterEach
    void close() {
        manager.close();
    }

    private static AttentionCall call(AttentionLayout layout, Device device, DataType type, int length, int headDim,
            boolean dropout, GradientMode gradients) {
        return new AttentionCall(layout, device, type, 3, 3, length, length, headDim, false, dropout, gradients);
    }

    private static String unsupported(AttentionLayout layout, DataType type, int length, int headDim, boolean dropout) {
        return BandedAttention.unsupported(call(layout, Device.gpu(), type, length, headDim, dropout, GradientMode.EXPLICIT), TARGET).orElse("");
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
        assertEquals("", unsupported(SP, DataType.FLOAT16, 10, 64, false));
        assertEquals("", unsupported(SP, DataType.BFLOAT16, 10, 128, false));
        assertEquals("", unsupported(SP, DataType.FLOAT32, 10, 96, false));
        assertEquals("", unsupported(SP, DataType.FLOAT32, 10, 1, false));
        assertEquals("it computes in bfloat16, float16 and float32 (got float64)", unsupported(SP, DataType.FLOAT64, 10, 64, false));
        assertEquals("it takes head dimensions up to 256 (got 257)", unsupported(SP, DataType.FLOAT16, 10, 257, false));
        assertEquals("", unsupported(SP, DataType.FLOAT16, 10, 64, true));
        assertEquals("a head sees strided distances other than the multiples of one number",
                unsupported(new AttentionLayout(StandardPattern.REFORMER, LayoutLength.SEQUENCE), DataType.FLOAT16, 100, 64, false));
        assertEquals("it takes at most 4194240 positions (got 5000000)", unsupported(SP, DataType.FLOAT16, 5_000_000, 64, false));
        AttentionCall plain = call(SP, Device.gpu(), DataType.BFLOAT16, 10, 64, false, GradientMode.ENGINE);
        assertEquals(FusedKernel.unavailable(Device.gpu()), new FusedKernel().unsupported(plain), "libtorch's autograd calls it, too");
    }

    @Test
    void asksTheGpuForItsAgeAndItsSharedMemory() {
        AttentionCall wide = call(SP, Device.gpu(), DataType.FLOAT32, 10, 200, false, GradientMode.EXPLICIT);
        assertEquals("it needs compute capability 8.0 or newer (this GPU has 7.5)",
                BandedAttention.unsupported(wide, new CudaTarget(0, 75, 40, 65_536)).orElse(""));
        assertEquals("its code for head dimension 256 takes 98304 bytes of shared memory a block (this GPU has 98303)",
                BandedAttention.unsupported(wide, new CudaTarget(0, 86, 40, 98_303)).orElse(""));
        assertEquals("", BandedAttention.unsupported(wide, new CudaTarget(0, 86, 40, 98_304)).orElse(""));
        AttentionCall half = call(SP, Device.gpu(), DataType.BFLOAT16, 10, 128, false, GradientMode.EXPLICIT);
        assertEquals("", BandedAttention.unsupported(half, new CudaTarget(0, 86, 40, 81_920)).orElse(""), "the code that every newer GPU runs");
        assertEquals("its code for head dimension 128 takes 114760 bytes of shared memory a block (this GPU has 81920)",
                BandedAttention.unsupported(half, new CudaTarget(0, 90, 40, 81_920)).orElse(""), "the code for just this one");
        AttentionCall inference = call(SP, Device.gpu(), DataType.BFLOAT16, 10, 128, false, GradientMode.NONE);
        assertEquals("", BandedAttention.unsupported(inference, new CudaTarget(0, 86, 40, 65_536)).orElse(""), "its forward pass takes less");
    }

    /** What a GPU is asked for is what a launch would need: the largest of all variants that it may take. */
    @Test
    void noVariantOfACallNeedsMoreThanTheCallIsAskedFor() {
        for (DataType type : List.of(DataType.BFLOAT16, DataType.FLOAT16, DataType.FLOAT32)) {
            for (int headDim : new int[] {1, 32, 33, 64, 128, 129, 256}) {
                for (StandardPattern pattern : List.of(StandardPattern.SP, StandardPattern.BIGBIRD)) {
                    AttentionCall call = call(new AttentionLayout(pattern, LayoutLength.SEQUENCE), Device.gpu(), type, 300, headDim, false,
                            GradientMode.EXPLICIT);
                    int end = Math.max(32, Integer.highestOneBit(2 * headDim - 1));
                    String feature = pattern == StandardPattern.SP ? "-ranges-" : "-general-";
                    int needed = BandedAttention.LIBRARY.manifest().kernels().stream()
                            .filter(variant -> variant.name().contains(feature) && variant.name().endsWith("-d" + end + "-sm_80"))
                            .filter(variant -> switch (type) {
                                case BFLOAT16 -> variant.name().contains("-bf16-");
                                case FLOAT16 -> variant.name().contains("-fp16-");
                                default -> variant.name().contains("32-d");
                            }).mapToInt(KernelLibrary.Variant::sharedBytes).max().getAsInt();
                    assertEquals("", BandedAttention.unsupported(call, new CudaTarget(0, 80, 1, needed)).orElse(""), call.toString());
                    assertTrue(BandedAttention.unsupported(call, new CudaTarget(0, 80, 1, needed - 1)).isPresent(), call.toString());
                }
            }
        }
    }

    @Test
    void servesEveryPatternButReformer() {
        for (StandardPattern pattern : StandardPattern.values()) {
            for (int length : new int[] {17, 64, 1000, 4096}) {
                AttentionLayout layout = new AttentionLayout(pattern, LayoutLength.SEQUENCE);
                assertEquals(pattern != StandardPattern.REFORMER, unsupported(layout, DataType.FLOAT16, length, 64, false).isEmpty(),
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
