package ai.spattention.torch;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;

/**
 * Arrays whose memory belongs to libtorch, for use inside a computation that will be differentiated.
 *
 * <p>On a CPU, an array that DJL creates from Java data shares a Java buffer, which the garbage collector may free once the
 * array is closed, though libtorch's autograd still refers to it: gradients then come out as garbage, now and then. That
 * holds for {@code NDManager.create(...)} and so for arithmetic with a plain number, such as {@code x.mul(0.5)}, whose
 * hidden array is closed at once. Arrays from here are safe to close before the backward pass.
 */
public final class EngineArrays {

    private EngineArrays() {}

    /**
     * A scalar in libtorch's memory.
     *
     * @param like an array whose manager and type the scalar gets
     * @param value the value
     * @return an array of shape []
     */
    public static NDArray scalar(NDArray like, double value) {
        if (like.getDataType() == DataType.FLOAT32) { // made on the device, while what comes from the host waits for all work there
            return like.getManager().full(new Shape(), (float) value, DataType.FLOAT32);
        }
        try (NDArray shared = like.getManager().create(value)) {
            return inEngine(shared, like.getDataType());
        }
    }

    /**
     * Values in libtorch's memory.
     *
     * @param manager the array's manager
     * @param values the values, row by row
     * @param shape the shape
     * @param type the type to convert to
     * @return the array
     */
    public static NDArray of(NDManager manager, float[] values, Shape shape, DataType type) {
        try (NDArray shared = manager.create(values, shape)) {
            return inEngine(shared, type);
        }
    }

    /**
     * Whole numbers in libtorch's memory.
     *
     * @param manager the array's manager
     * @param values the values
     * @return an int64 array [values]
     */
    public static NDArray of(NDManager manager, long[] values) {
        try (NDArray shared = manager.create(values, new Shape(values.length))) {
            return shared.duplicate();
        }
    }

    /**
     * Whole numbers in libtorch's memory.
     *
     * @param manager the array's manager
     * @param values the values
     * @return an int32 array [values]
     */
    public static NDArray of(NDManager manager, int[] values) {
        try (NDArray shared = manager.create(values, new Shape(values.length))) {
            return shared.duplicate();
        }
    }

    /**
     * Truth values in libtorch's memory.
     *
     * @param manager the array's manager
     * @param values the values, row by row, a byte each: 1 for true
     * @param shape the shape
     * @return a boolean array
     */
    public static NDArray of(NDManager manager, ByteBuffer values, Shape shape) {
        try (NDArray shared = manager.create(values, shape, DataType.BOOLEAN)) {
            return shared.duplicate();
        }
    }

    /**
     * Whole numbers on the host, whatever the manager's device: what {@link TorchScriptModule} takes for a list of numbers.
     *
     * @param manager the array's manager
     * @param values the values
     * @return an int64 array [values]
     */
    public static NDArray onHost(NDManager manager, long[] values) {
        try (NDManager host = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray array = of(host, values);
            array.attach(manager);
            return array;
        }
    }

    /**
     * An array's numbers on the host, to be read and closed. DJL reads a GPU's array through such an array as well, but leaves it open: it lives as
     * long as the manager, a run's end perhaps.
     *
     * @param array the array
     * @return an array on the processor of the same manager; on a processor a view
     */
    public static NDArray readable(NDArray array) {
        return array.toDevice(Device.cpu(), true);
    }

    /** Converting copies, except to the type that the array has. */
    private static NDArray inEngine(NDArray shared, DataType type) {
        return shared.getDataType() == type ? shared.duplicate() : shared.toType(type, true);
    }
}
