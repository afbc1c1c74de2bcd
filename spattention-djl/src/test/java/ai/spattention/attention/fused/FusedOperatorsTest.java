package ai.spattention.attention.fused;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
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

/** What the fused kernel's launches ask of libtorch's operators; a CPU gives it alike. */
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

    private NDArray laidOut(NDArray array) {
        return operators.call("laid_out", new NDList(array)).singletonOrThrow();
    }

    @Test
    void headsAreFilledUpToTheNextPowerOfTwo() {
        for (int[] size : new int[][] {{1, 32}, {31, 32}, {33, 64}, {96, 128}, {200, 256}}) {
            NDArray x = manager.randomNormal(new Shape(2, 3, 5, size[0])).transpose(0, 2, 1, 3);
            NDArray padded = laidOut(x);
            assertLies(padded, TensorView.Type.FLOAT32, new long[] {2, 5, 3, size[1]}, 0, 2, 1, 3);
            assertEquals(x, padded.get(":, :, :, :" + size[0]));
            assertEquals(0, padded.get(":, :, :, " + size[0] + ":").abs().sum().getFloat());
            NDArray cut = operators.call("cut", padded, x).singletonOrThrow();
            assertLies(cut, TensorView.Type.FLOAT32, new long[] {2, 5, 3, size[0]}, 0, 2, 1, 3);
            assertEquals(x, cut);
        }
    }

    @Test
    void gradientsGetTheShapesOfWhatTheyBelongTo() {
        NDArray q = manager.zeros(new Shape(2, 6, 5, 24));
        NDArray k = manager.zeros(new Shape(2, 3, 7, 24));
        NDArray dq = manager.randomNormal(new Shape(2, 6, 5, 32));
        NDArray dk = manager.randomNormal(new Shape(2, 6, 7, 32));
        NDArray dv = manager.randomNormal(new Shape(2, 6, 7, 32));
        NDList gradients = operators.call("gradients", dq, dk, dv, q, k);
        assertEquals(dq.get(":, :, :, :24"), gradients.get(0));
        for (int i = 0; i < 2; i++) {
            NDArray sum = (i == 0 ? dk : dv).get(":, :, :, :24").reshape(2, 3, 2, 7, 24).sum(new int[] {2});
            assertArrayEquals(sum.toFloatArray(), gradients.get(1 + i).toFloatArray(), 1e-6f);
            assertEquals(k.getShape(), gradients.get(1 + i).getShape());
        }
    }

    @Test
    void addsUpTheHeadsThatShareKeys() {
        NDArray x = manager.arange(0f, 24f, 1f).reshape(1, 4, 3, 2).toType(DataType.FLOAT16, true);
        NDArray k = manager.zeros(new Shape(1, 2, 3, 2), DataType.FLOAT16);
        NDArray sum = operators.call("sum_shared", x, k).singletonOrThrow();
        assertEquals(DataType.FLOAT16, sum.getDataType());
        assertEquals(k.getShape(), sum.getShape());
        assertArrayEquals(new float[] {6, 8, 10, 12, 14, 16, 30, 32, 34, 36, 38, 40},
                sum.toType(DataType.FLOAT32, false).toFloatArray(), "head 0 + head 1, head 2 + head 3");
    }

    @Test
    void laysOutAnew() {
        NDArray turned = brain(2, 3, 64, 5).transpose(0, 1, 3, 2);
        assertFalse(TorchTensors.view(turned).isAligned());
        NDList copies = operators.call("laid_out", new NDList(turned, brain(2, 3, 5, 24), turned));
        assertNull(turned.getName(), "it has its own name again, though it came twice");
        assertLies(copies.get(1), TensorView.Type.BFLOAT16, new long[] {2, 3, 5, 32}, 0, 2, 1, 3);
        NDArray copy = copies.get(2);
        assertLies(copy, TensorView.Type.BFLOAT16, new long[] {2, 3, 5, 64}, 0, 2, 1, 3);
        assertTrue(Bfloat16.toFloat32(copy).eq(Bfloat16.toFloat32(turned)).all().getBoolean());
        NDArray documents = manager.arange(6).toType(DataType.INT64, true).reshape(2, 3).transpose(1, 0);
        NDArray laidOut = laidOut(documents);
        assertLies(laidOut, TensorView.Type.INT64, new long[] {3, 2}, 0, 1);
        assertArrayEquals(new long[] {0, 3, 1, 4, 2, 5}, laidOut.toLongArray());
    }
}
