package ai.spattention.olmoe.safetensors;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.cuda.PinnedMemory;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Copies of a file's tensors in the processor's memory, which is kept from one file to the next of the same tensors: to touch memory for the first
 * time takes several times as long as to copy into it. Large copies of a GPU's tensors lie in memory that it writes by itself, as far as the driver
 * grants it. For one thread at a time.
 */
public final class TensorCopies implements AutoCloseable {

    /** What is smaller is not worth the pages around it: bytes. */
    private static final long SMALLEST_PINNED = 1 << 20;

    private final NDManager host = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    private final Device source;
    private final Map<String, Copy> copies = new HashMap<>();

    /** A copy's memory, which is closed with the pinned memory where it lies in some. */
    private record Copy(NDArray array, Optional<PinnedMemory> pinned) implements AutoCloseable {

        boolean fits(Shape shape, DataType type) {
            return array.getShape().equals(shape) && array.getDataType() == type;
        }

        long bytes() {
            return array.size() * array.getDataType().getNumOfBytes();
        }

        @Override
        public void close() {
            pinned.ifPresentOrElse(PinnedMemory::close, array::close);
        }
    }

    /**
     * Begins without memory.
     *
     * @param source where the tensors are
     */
    public TensorCopies(Device source) {
        this.source = source;
        host.setName("copies of tensors");
    }

    /** The memory of a tensor's copy; zeros are written into it when it is new. */
    NDArray reserve(String name, Shape shape, DataType type) {
        Copy known = copies.get(name);
        if (known == null || !known.fits(shape, type)) {
            if (known != null) {
                copies.remove(name);
                known.close();
            }
            known = memory(shape, type);
            copies.put(name, known);
        }
        return known.array;
    }

    private Copy memory(Shape shape, DataType type) {
        if (source.isGpu() && shape.size() * type.getNumOfBytes() >= SMALLEST_PINNED) {
            Optional<PinnedMemory> pinned = PinnedMemory.of(host, shape, type, source);
            if (pinned.isPresent()) {
                return new Copy(pinned.get().array(), pinned);
            }
        }
        return new Copy(host.zeros(shape, type), Optional.empty());
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
        return copies.values().stream().mapToLong(Copy::bytes).sum();
    }

    /** Gives the memory back. */
    @Override
    public void close() {
        try (host) {
            copies.values().forEach(Copy::close);
        }
    }
}
