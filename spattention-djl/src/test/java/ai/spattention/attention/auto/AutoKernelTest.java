package ai.spattention.attention.auto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.GradientMode;
import ai.spattention.attention.fused.FusedKernel;
import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.torch.Bfloat16;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AutoKernelTest {

    private final AutoKernel auto = new AutoKernel();

    @ParameterizedTest(name = "{0} {1} {2} queries {3} keys {4} documents {5}")
    @CsvSource({
        "CAUSAL,    cpu, FLOAT32,  512,  512, false, dense",
        "CAUSAL,    cpu, FLOAT32,  512,  512, true,  dense",
        "CAUSAL,    cpu, BFLOAT16, 512,  512, false, dense",
        "CAUSAL,    cpu, FLOAT32,  1,    512, false, sdpa",
        "SP,        cpu, FLOAT32,  128,  128, false, sdpa",
        "SP,        cpu, FLOAT32,  511,  511, false, sdpa",
        "SP,        cpu, FLOAT32,  512,  512, false, tiled",
        "SP,        cpu, FLOAT32,  1,   4096, false, sdpa",
        "SP,        cpu, FLOAT32,  128,  128, true,  sdpa",
        "EXCLUSIVE, cpu, FLOAT32,  255,  255, false, sdpa",
        "EXCLUSIVE, cpu, FLOAT32,  256,  256, false, tiled",
        "LOCAL,     cpu, FLOAT32,  256,  256, false, tiled",
        "LONGFORMER, cpu, FLOAT32, 511,  511, false, sdpa",
        "SP,        gpu, FLOAT32,  191,  191, false, masked",
        "SP,        gpu, FLOAT32,  192,  192, false, tiled",
        "EXCLUSIVE, cpu, BFLOAT16, 512,  512, false, tiled",
        "CAUSAL,    gpu, BFLOAT16, 512,  512, false, dense",
        "CAUSAL,    gpu, FLOAT32,  512,  512, false, dense",
        "EXCLUSIVE, gpu, BFLOAT16, 512,  512, false, window",
        "LOCAL,     gpu, FLOAT16,  64,   64,  false, window",
        "GAPPED,    gpu, BFLOAT16, 512,  512, true,  tiled",
        "EXCLUSIVE, gpu, FLOAT32,  512,  512, false, tiled",
        "EXCLUSIVE, gpu, BFLOAT16, 1,    512, false, masked",
        "SP,        gpu, BFLOAT16, 512,  512, false, tiled"})
    void takesTheFastestThatFits(StandardPattern pattern, String device, DataType type, int queries, int keys,
            boolean documents, String kernel) {
        for (GradientMode gradients : GradientMode.values()) {
            AutoKernel.Choice choice = auto.choose(new AttentionCall(new AttentionLayout(pattern, LayoutLength.SEQUENCE),
                    device.equals("gpu") ? Device.gpu() : Device.cpu(), type, 8, 8, queries, keys, 64, documents, false,
                    gradients));
            assertEquals(kernel, choice.kernel().name(), gradients + ": " + choice);
            assertFalse(choice.reason().isEmpty());
        }
    }

    @Test
    void saysWhatItPassedOver() {
        AutoKernel.Choice choice = auto.choose(new AttentionCall(
                new AttentionLayout(StandardPattern.EXCLUSIVE, LayoutLength.SEQUENCE), Device.gpu(), DataType.BFLOAT16, 8, 8,
                512, 512, 64, false, true, GradientMode.ENGINE));
        Optional<String> fused = FusedKernel.unavailable(Device.gpu());
        if (fused.isEmpty()) {
            assertEquals("fused", choice.kernel().name());
            return;
        }
        assertEquals(Map.of("fused", fused.get(), "dense", "it computes only attention to the whole past, and head 0 sees less", "window",
                "it cannot drop attention weights"), choice.passedOver());
    }

    @Test
    void aCallIsReadOffItsArrays() {
        AttentionLayout layout = new AttentionLayout(StandardPattern.SP, LayoutLength.SEQUENCE);
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray q = Bfloat16.of(manager.zeros(new Shape(2, 6, 5, 8)));
            NDArray k = Bfloat16.of(manager.zeros(new Shape(2, 3, 7, 8)));
            NDArray documents = manager.zeros(new Shape(2, 7), DataType.INT64);
            AttentionCall call = AttentionCall.of(q, k, k, documents, layout, 0.1f, GradientMode.EXPLICIT);
            assertEquals(new AttentionCall(layout, Device.cpu(), DataType.BFLOAT16, 6, 3, 5, 7, 8, true, true,
                    GradientMode.EXPLICIT), call);
            assertSame(auto.choose(call), auto.choose(call));
        }
    }

    @Test
    void aForcedDenseKernelSaysWhyItRefuses() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray x = manager.zeros(new Shape(1, 2, 6, 4));
            String message = assertThrows(InvalidInputException.class, () -> Kernels.of("dense").attend(x, x, x,
                    new AttentionLayout(StandardPattern.LOCAL, LayoutLength.SEQUENCE), 0, true)).getMessage();
            assertTrue(message.contains("pattern local") && message.contains("head 0 sees less"), message);
        }
    }
}
