package ai.spattention.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.cuda.TensorView;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.torch.Bfloat16;
import ai.spattention.torch.TorchScriptModule;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The memory that the fused kernel's launches ask of libtorch; a CPU gives it alike. */
class FusedOperatorsTest {

    private final TorchScriptModule operators = TorchScriptModule.load(FusedKernel.class, "fused.torchscript");
    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");

    @AfterEach
    void close() {
        manager.close();
    }

    private NDArray brain(long... shape) {
        return Bfloat16.of(manager.randomNormal(new Shape(shape)));
    }

    private static void assertLies(NDArray array, TensorView.Type type, long[] sizes, int... order) {
        TensorView view = TorchTensors.view(array);
        assertEquals(type, view.type());
        assertArrayEquals(sizes, view.sizes());
        assertTrue(view.isDense(order) && view.address() % 16 == 0, view.toString());
    }

    @Test
    void headsAreFilledUpToTheNextPowerOfTwo() {
        for (int[] size : new int[][] {{1, 32}, {31, 32}, {33, 64}, {96, 128}, {200, 256}}) {
            NDArray x = manager.randomNormal(new Shape(2, 3, 5, size[0])).transpose(0, 2, 1, 3);
            NDArray padded = operators.call("padded", true, x).singletonOrThrow();
            assertLies(padded, TensorView.Type.FLOAT32, new long[] {2, 5, 3, size[1]}, 0, 2, 1, 3);
            assertEquals(x, padded.get(":, :, :, :" + size[0]));
            assertEquals(0, padded.get(":, :, :, " + size[0] + ":").abs().sum().getFloat());
            NDArray cut = operators.call("cut", true, padded, x).singletonOrThrow();
            assertLies(cut, TensorView.Type.FLOAT32, new long[] {2, 5, 3, size[0]}, 0, 2, 1, 3);
            assertEquals(x, cut);
        }
    }

    @Test
    void givesResultsOfEveryShape() {
        NDArray q = brain(2, 6, 5, 64);
        q.setRequiresGradient(true);
        NDArray k = brain(2, 3, 9, 64);
        NDList forward = operators.call("forward_results", true, q);
        assertEquals(2, forward.size());
        assertLies(forward.get(0), TensorView.Type.BFLOAT16, new long[] {2, 6, 5, 64}, 0, 2, 1, 3);
        assertLies(forward.get(1), TensorView.Type.FLOAT32, new long[] {12, 8}, 0, 1);
        assertFalse(forward.get(0).hasGradient(), "a new leaf");
        NDList backward = operators.call("backward_results", true, q, k);
        assertEquals(4, backward.size());
        assertLies(backward.get(0), TensorView.Type.FLOAT32, new long[] {12, 8}, 0, 1);
        assertLies(backward.get(1), TensorView.Type.BFLOAT16, new long[] {2, 6, 5, 64}, 0, 2, 1, 3);
        assertLies(backward.get(2), TensorView.Type.BFLOAT16, new long[] {2, 6, 9, 64}, 0, 2, 1, 3);
        assertLies(backward.get(3), TensorView.Type.BFLOAT16, new long[] {2, 6, 9, 64}, 0, 2, 1, 3);
    }

    @Test
    void addsUpTheHeadsThatShareKeys() {
        NDArray x = manager.arange(0f, 24f, 1f).reshape(1, 4, 3, 2).toType(DataType.FLOAT16, true);
        NDArray k = manager.zeros(new Shape(1, 2, 3, 2), DataType.FLOAT16);
        NDArray sum = operators.call("sum_shared", true, x, k).singletonOrThrow();
        assertEquals(DataType.FLOAT16, sum.getDataType());
        assertEquals(k.getShape(), sum.getShape());
        assertArrayEquals(new float[] {6, 8, 10, 12, 14, 16, 30, 32, 34, 36, 38, 40},
                sum.toType(DataType.FLOAT32, false).toFloatArray(), "head 0 + head 1, head 2 + head 3");
    }

    @Test
    void givesRoomForTheDocumentsBounds() {
        NDArray documents = manager.zeros(new Shape(2, 9), DataType.INT64);
        assertLies(operators.call("document_spans", true, documents).singletonOrThrow(), TensorView.Type.INT32, new long[] {2, 4, 9}, 0, 1, 2);
    }

    @Test
    void laysOutAnew() {
        NDArray turned = brain(2, 3, 64, 5).transpose(0, 1, 3, 2);
        assertFalse(TorchTensors.view(turned).isAligned());
        NDArray copy = operators.call("laid_out", true, turned).singletonOrThrow();
        assertLies(copy, TensorView.Type.BFLOAT16, new long[] {2, 3, 5, 64}, 0, 2, 1, 3);
        assertTrue(Bfloat16.toFloat32(copy).eq(Bfloat16.toFloat32(turned)).all().getBoolean());
        NDArray documents = manager.arange(6).toType(DataType.INT64, true).reshape(2, 3).transpose(1, 0);
        NDArray laidOut = operators.call("laid_out", true, documents).singletonOrThrow();
        assertLies(laidOut, TensorView.Type.INT64, new long[] {3, 2}, 0, 1);
        assertArrayEquals(new long[] {0, 3, 1, 4, 2, 5}, laidOut.toLongArray());
    }
}
