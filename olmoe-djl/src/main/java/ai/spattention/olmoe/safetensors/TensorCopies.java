package ai.spattention.olmoe.safetensors;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.HashMap;
import java.util.Map;

/**
 * Copies of a file's tensors in the processor's memory, which is kept from one file to the next of the same tensors: to touch memory for the first
 * time takes several times as long as to copy into it. For one thread at a time.
 */
public final class TensorCopies implements AutoCloseable {

    private final NDManager host = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    private final Map<String, NDArray> copies = new HashMap<>();

    /** Begins without memory. */
    public TensorCopies() {
        host.setName("copies of tensors");
    }

    /** The memory of a tensor's copy; zeros are written into it when it is new. */
    NDArray reserve(String name, Shape shape, DataType type) {
        NDArray known = copies.get(name);
        if (known != null && known.getShape().equals(shape) && known.getDataType() == type) {
            return known;
        }
        if (known != null) {
            known.close();
        }
        NDArray reserved = host.zeros(shape, type);
        copies.put(name, reserved);
        return reserved;
    }

    /** Copies a tensor from any device, straight into the memory of its copy, which stays this object's. */
    NDArray copy(String name, NDArray array, DataType type) {
        NDArray copy = reserve(name, array.getShape(), type);
        copy.set(new NDIndex("..."), array);
        return copy;
    }

    /**
     * The memory that is kept.
     *
     * @return bytes
     */
    public long bytes() {
        return copies.values().stream().mapToLong(copy -> copy.size() * copy.getDataType().getNumOfBytes()).sum();
    }

    /** Gives the memory back. */
    @Override
    public void close() {
        host.close();
    }
}
