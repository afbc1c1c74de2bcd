package ai.spattention.attention.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.GradientCollector;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.GradientMode;
import ai.spattention.attention.auto.Kernels;
import ai.spattention.attention.conformance.AttentionKernelConformance;
import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.torch.TorchScriptModule;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The window kernel on a CPU: everything but the two GPU-only operators, in whose place plain ones stand. */
class WindowKernelTest extends AttentionKernelConformance {

    private static final TorchScriptModule REFERENCE =
            TorchScriptModule.load(WindowKernel.class, "flash_reference.torchscript", "window.torchscript");

    private final AttentionKernel window = new WindowKernel(() -> REFERENCE, false);

    @Override
    protected AttentionKernel kernel() {
        return window;
    }

    /** In which the plain operators compute. */
    @Override
    protected List<DataType> types() {
        return List.of(DataType.FLOAT64, DataType.FLOAT32);
    }

    /** PyTorch's versions lay the log-sum-exps of sequences out in two ways. */
    @Test
    void logSumExpsAreFoundHoweverTheyLie() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            // two groups: sequences of 5 and 3 rows, and one of 4
            for (long[] sizes : new long[][] {{8, 4}, {10, 4}}) {
                NDArray lse = manager.zeros(new Shape(sizes[0] + sizes[1]));
                assertArrayEquals(sizes, REFERENCE.call("lse_sizes_of", lse, new long[] {8, 4}, new long[] {2, 1},
                        new long[] {5, 4}).singletonOrThrow().toLongArray());
            }
        }
    }

    /** The operator of autograd keeps each kernel that it was given. */
    @Test
    void allInstancesAreOne() {
        assertEquals(new WindowKernel(), new WindowKernel());
        assertEquals(new WindowKernel().hashCode(), new WindowKernel().hashCode());
        assertNotEquals(new WindowKernel(), window);
    }

    @Test
    void runsItsOwnBackwardPassUnderAutograd() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            NDArray x = manager.randomNormal(new Shape(1, 2, 5, 8));
            x.setRequiresGradient(true);
            NDArray result = window.attend(x, x, x, layout(StandardPattern.EXCLUSIVE), 0, true);
            String node = JniUtils.getGradientFunctionNames((PtNDArray) result);
            assertTrue(node.contains("ScaledDotProductCudnn"), node);
            collector.backward(result.sum());
            assertEquals(x.getShape(), x.getGradient().getShape());
        }
    }

    /** libtorch knows the GPU's operators on every machine, and checks their arguments when it reads the source. */
    @Test
    void libtorchAcceptsTheGpuOperators() {
        assertDoesNotThrow(() -> TorchScriptModule.load(WindowKernel.class, "flash.torchscript", "window.torchscript"));
    }

    @Test
    void refusesWhatItCannotCompute() {
        AttentionCall good = new AttentionCall(layout(StandardPattern.EXCLUSIVE), Device.gpu(), DataType.BFLOAT16, 4, 4,
                64, 64, 128, false, false, GradientMode.ENGINE);
        assertTrue(new WindowKernel().unsupported(good).isEmpty());
        refuses("needs a GPU (the arrays are on cpu()", with(good, Device.cpu(), good.type(), good.layout(), 64, 128));
        refuses("bfloat16 or float16 (got float32)", with(good, good.device(), DataType.FLOAT32, good.layout(), 64, 128));
        refuses("(got 36)", with(good, good.device(), good.type(), good.layout(), 64, 36));
        refuses("(got 264)", with(good, good.device(), good.type(), good.layout(), 64, 264));
        refuses("1 queries and 64 keys", with(good, good.device(), good.type(), good.layout(), 1, 128));
        refuses("head 2 sees more", with(good, good.device(), good.type(), layout(StandardPattern.SP), 64, 128));
        refuses("head 0 sees more", with(good, good.device(), good.type(), layout(StandardPattern.LONGFORMER), 64, 128));
        refuses("documents", new AttentionCall(good.layout(), good.device(), good.type(), 4, 4, 64, 64, 128, true, false,
                GradientMode.NONE));
        refuses("drop", new AttentionCall(good.layout(), good.device(), good.type(), 4, 4, 64, 64, 128, false, true,
                GradientMode.ENGINE));
    }

    @Test
    void aForcedKernelSaysWhyItRefuses() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray x = manager.zeros(new Shape(1, 2, 5, 8));
            String message = assertThrows(InvalidInputException.class, () -> Kernels.of("window")
                    .attend(x, x, x, layout(StandardPattern.EXCLUSIVE), 0, false)).getMessage();
            assertEquals("the window kernel cannot compute this attention (pattern exclusive): it needs a GPU (the arrays are on "
                    + "cpu()); choose another kernel, or auto", message);
        }
    }

    private static void refuses(String reason, AttentionCall call) {
        String given = new WindowKernel().unsupported(call).orElse("nothing");
        assertTrue(given.contains(reason), given);
    }

    private static AttentionCall with(AttentionCall call, Device device, DataType type, AttentionLayout layout,
            int queryLength, int headDim) {
        return new AttentionCall(layout, device, type, call.numHeads(), call.numKvHeads(), queryLength, call.keyLength(),
                headDim, false, false, call.gradients());
    }

    private static AttentionLayout layout(StandardPattern pattern) {
        return new AttentionLayout(pattern, LayoutLength.SEQUENCE);
    }
}
