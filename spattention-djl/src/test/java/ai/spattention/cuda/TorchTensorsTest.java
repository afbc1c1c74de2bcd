package ai.spattention.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.torch.Bfloat16;
import com.sun.jna.Pointer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** An array's memory as libtorch tells it; the same calls serve a GPU. */
class TorchTensorsTest {

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void readsWhereAnArrayLies() {
        NDArray x = manager.arange(24f).reshape(2, 3, 4).duplicate();
        TensorView view = TorchTensors.view(x);
        assertArrayEquals(new long[] {2, 3, 4}, view.sizes());
        assertArrayEquals(new long[] {12, 4, 1}, view.strides());
        assertEquals(TensorView.Type.FLOAT32, view.type());
        assertEquals(-1, view.deviceIndex());
        assertEquals(7f, new Pointer(view.address()).getFloat(7 * 4), "the memory itself");
        assertTrue(view.isAligned() && view.isDense(0, 1, 2));
    }

    @Test
    void readsViews() {
        NDArray x = manager.zeros(new Shape(2, 16, 3, 64));
        TensorView heads = TorchTensors.view(x.transpose(0, 2, 1, 3));
        assertArrayEquals(new long[] {3072, 64, 192, 1}, heads.strides());
        assertTrue(heads.isAligned());
        assertTrue(heads.isDense(0, 2, 1, 3));
        assertFalse(heads.isDense(0, 1, 2, 3));
        TensorView slice = TorchTensors.view(x.get(new NDIndex(":, :, :, 1:")));
        assertFalse(slice.isAligned(), "rows start at 4 bytes, not at 16");
        assertFalse(TorchTensors.view(x.transpose(0, 1, 3, 2)).isAligned(), "the last axis is not contiguous");
        assertFalse(TorchTensors.view(x.get(new NDIndex("0:1")).broadcast(5, 16, 3, 64)).isAligned(), "all batches in one place");
        assertTrue(TorchTensors.view(x.get(new NDIndex("0:1, 3:4"))).isAligned(), "axes of size 1 are never walked");
    }

    @Test
    void knowsTypes() {
        assertEquals(TensorView.Type.BFLOAT16, TorchTensors.view(Bfloat16.of(manager.ones(new Shape(3)))).type());
        assertEquals(TensorView.Type.FLOAT16, TorchTensors.view(manager.ones(new Shape(3), DataType.FLOAT16)).type());
        assertEquals(TensorView.Type.INT64, TorchTensors.view(manager.ones(new Shape(3), DataType.INT64)).type());
        assertEquals(TensorView.Type.INT32, TorchTensors.view(manager.ones(new Shape(3), DataType.INT32)).type());
        assertEquals(TensorView.Type.OTHER, TorchTensors.view(manager.ones(new Shape(3), DataType.FLOAT64)).type());
        assertEquals(0, TorchTensors.view(manager.create(1f)).sizes().length);
    }

    @Test
    void givesMemoryThatLiesAsAsked() {
        NDArray x = TorchTensors.empty(manager, TensorView.Type.BFLOAT16, -1, new long[] {2, 16, 3, 64}, 0, 2, 1, 3);
        assertSame(manager, x.getManager());
        assertEquals(new Shape(2, 16, 3, 64), x.getShape());
        TensorView view = TorchTensors.view(x);
        assertEquals(TensorView.Type.BFLOAT16, view.type());
        assertArrayEquals(new long[] {3072, 64, 1024, 1}, view.strides());
        NDArray numbers = TorchTensors.empty(manager, TensorView.Type.INT32, -1, new long[] {3, 2}, 0, 1);
        assertEquals(DataType.INT32, numbers.getDataType());
        assertEquals(21, numbers.muli(0).add(manager.arange(1, 7).reshape(3, 2)).sum().getLong());
        assertFalse(numbers.hasGradient());
    }

    @Test
    void showsMemoryAsAnotherType() {
        NDArray x = manager.create(new float[] {1.5f, -0f, Float.MIN_VALUE, 3}, new Shape(2, 2));
        NDArray bits = TorchTensors.reinterpret(x, TensorView.Type.INT32);
        assertSame(manager, bits.getManager());
        assertArrayEquals(new int[] {0x3fc00000, 0x80000000, 1, 0x40400000}, bits.toIntArray());
        NDArray halves = TorchTensors.reinterpret(x, TensorView.Type.BFLOAT16);
        assertEquals(new Shape(8), halves.getShape());
        assertArrayEquals(new float[] {0, 1.5f, 0, -0f}, Bfloat16.toFloat32(halves.get("0:4")).toFloatArray(), "the lower half lies first");
        bits.addi(1);
        assertEquals(Math.nextUp(3f), x.getFloat(1, 1), "the same memory");
        assertThrows(IllegalArgumentException.class, () -> TorchTensors.reinterpret(x.get(":, 0:1"), TensorView.Type.INT32));
    }

    @Test
    void libtorchSaysWhyThereIsNoMemory() {
        String message = assertThrows(EngineException.class,
                () -> TorchTensors.empty(manager, TensorView.Type.FLOAT32, -1, new long[] {1L << 40, 1 << 10}, 0, 1)).getMessage();
        assertTrue(message.contains("you tried to allocate " + (1L << 52) + " bytes"), message);
    }

    @Test
    void aMachineWithoutADriverSaysSo() {
        assertNotNull(CudaDevice.unavailable());
        CudaDevice.unavailable().ifPresent(reason -> assertTrue(reason.contains("NVIDIA driver"), reason));
    }
}
