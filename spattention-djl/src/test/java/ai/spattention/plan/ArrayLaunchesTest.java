package ai.spattention.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.common.InvalidInputException;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.torch.Bfloat16;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What steps are given of DJL's arrays; on a CPU, where they are not run. */
class ArrayLaunchesTest {

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    private final NDArray numbers = manager.arange(24f).reshape(2, 3, 4);
    private final ArrayLaunches launches = new RecordedLaunches(80).over(numbers);

    @AfterEach
    void close() {
        launches.close();
        manager.close();
    }

    @Test
    void anArrayIsTakenAsItLies() {
        Tensor taken = launches.in("numbers", numbers);
        assertEquals(TorchTensors.view(numbers).address(), taken.address());
        assertArrayEquals(new long[] {2, 3, 4}, taken.sizes());
        assertArrayEquals(new long[] {12, 4, 1}, taken.strides());
        assertEquals(Type.FLOAT32, taken.type());
        assertEquals(96, taken.region().bytes());
        assertArrayEquals(new long[] {6, 4}, taken.reshape(6, 4).sizes());
        assertEquals(taken.address(), launches.dense("numbers", numbers).address(), "nothing to copy");
        assertEquals(1, launches.in("one number", manager.create(1f)).elements());
    }

    @Test
    void anArrayWithGapsIsReadThroughItsStridesOrCopied() {
        NDArray turned = numbers.transpose(0, 2, 1);
        Tensor strided = launches.strided("turned", turned);
        assertEquals(TorchTensors.view(turned).address(), strided.address());
        assertArrayEquals(new long[] {12, 1, 4}, strided.strides());
        assertEquals(96, strided.region().bytes());
        Tensor copy = launches.dense("turned", turned);
        assertNotEquals(TorchTensors.view(turned).address(), copy.address());
        assertArrayEquals(new long[] {12, 3, 1}, copy.strides());
        assertEquals(turned.duplicate(), launches.array(copy));
        assertArrayEquals(new float[] {0, 4, 8, 1}, launches.array(copy).flatten().get(":4").toFloatArray());
        NDArray halves = Bfloat16.of(numbers).transpose(2, 0, 1);
        assertEquals(Bfloat16.toFloat32(halves), Bfloat16.toFloat32(launches.array(launches.dense("halves", halves))));
        assertEquals("kernels take arrays without gaps: turned (2, 4, 3) is not one",
                assertThrows(InvalidInputException.class, () -> launches.in("turned", turned)).getMessage());
    }

    @Test
    void anAxisOfOneHasTheStrideThatItWouldHave() {
        NDArray row = numbers.get("0:1, 0:1").transpose(1, 2, 0);
        assertArrayEquals(new long[] {4, 1, 1}, launches.in("row", row).strides());
    }

    @Test
    void newArraysLieInTheOrderOfTheirAxesAndEndWithTheLaunches() {
        Tensor turned = launches.array("turned", Type.BFLOAT16, new long[] {2, 3, 4, 8}, new int[] {0, 2, 1, 3});
        assertArrayEquals(new long[] {96, 8, 24, 1}, turned.strides());
        NDArray array = launches.array(turned);
        assertEquals(new Shape(2, 3, 4, 8), array.getShape());
        assertTrue(Bfloat16.is(array));
        assertEquals(TorchTensors.view(array).address(), turned.address());
        assertArrayEquals(turned.strides(), TorchTensors.view(array).strides());
        Tensor kept = launches.array("kept", Type.FLOAT32, 5);
        NDList results = launches.ret(kept);
        assertSame(manager, results.get(0).getManager());
        launches.close();
        assertTrue(array.isReleased());
        assertEquals(5, results.get(0).size());
        Tensor foreign = Tensor.dense(Region.fixed("foreign", 4096, 4), 0, Type.FLOAT32, 1);
        assertEquals("foreign [1] was not made here",
                assertThrows(IllegalArgumentException.class, () -> launches.array(foreign)).getMessage());
    }

    @Test
    void arraysOfOtherPlacesAndTypesAreRefused() {
        assertEquals("kernels take arrays of a GPU (got (2, 3, 4) on cpu())",
                assertThrows(InvalidInputException.class, () -> ArrayLaunches.over(numbers)).getMessage());
        ArrayLaunches elsewhere = new ArrayLaunches(manager, new CudaTarget(1, 80, 100, 166_912), step -> {});
        assertEquals("kernels take arrays of one GPU: x is on cpu, the others are on gpu1",
                assertThrows(InvalidInputException.class, () -> elsewhere.in("x", numbers)).getMessage());
        assertEquals("kernels take no arrays of type float64: x is one", assertThrows(InvalidInputException.class,
                () -> launches.in("x", numbers.toType(DataType.FLOAT64, true))).getMessage());
    }
}
