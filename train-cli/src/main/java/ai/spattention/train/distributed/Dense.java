package ai.spattention.train.distributed;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.spattention.cuda.TensorView;
import ai.spattention.cuda.TorchTensors;

/**
 * The memory of an array that all processes have alike.
 *
 * @param address of the first element
 * @param elements how many there are
 * @param type their type
 */
record Dense(long address, long elements, DataType type) {

    /** Looks at an array, which must have no gaps and lie on a GPU, or in the host's memory (-1). */
    static Dense on(int deviceIndex, NDArray values) {
        TensorView view = TorchTensors.view(values);
        if (!view.isDense() || view.deviceIndex() != deviceIndex) {
            throw new IllegalArgumentException("arrays must have no gaps and lie on " + (deviceIndex < 0 ? "the CPU" : "gpu" + deviceIndex)
                    + " (got " + values.getShape() + " on " + values.getDevice() + (view.isDense() ? ")" : ", with gaps)"));
        }
        return new Dense(view.address(), values.size(), values.getDataType());
    }

    /** The array, if it can be summed. */
    Dense summable() {
        if (type != DataType.FLOAT32 && type != DataType.FLOAT64) {
            throw new IllegalArgumentException("sums are of float32 or float64 (got " + type + ")");
        }
        return this;
    }

    /** How many elements each of some processes has. */
    long part(int size) {
        if (elements % size != 0) {
            throw new IllegalArgumentException(elements + " elements cannot be shared out equally among " + size + " processes");
        }
        return elements / size;
    }

    int width() {
        return type.getNumOfBytes();
    }

    boolean isFloat64() {
        return type == DataType.FLOAT64;
    }

    long bytes() {
        return elements * width();
    }
}
