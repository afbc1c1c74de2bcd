package ai.spattention.cuda;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Optional;

/**
 * An array in the processor's memory that the system leaves in its place, so that a GPU writes into it by itself, at the speed of the bus. What a
 * GPU copies into other memory goes through the driver's buffers, and the processor carries it on from there.
 */
public final class PinnedMemory implements AutoCloseable {

    /** Pages are pinned whole: an array shares none with anything else, however large the system's pages are (4 to 64 KiB). */
    private static final long PAGE = 1 << 16;

    private final CudaDevice device;
    private final NDArray memory;
    private final NDArray array;
    private final long address;

    private PinnedMemory(CudaDevice device, NDArray memory, Shape shape) {
        this.device = device;
        this.memory = memory;
        int unit = memory.getDataType().getNumOfBytes();
        long start = TorchTensors.address(memory);
        address = (start + PAGE - 1) / PAGE * PAGE;
        long first = (address - start) / unit;
        try (NDArray part = memory.get(new NDIndex("{}:{}", first, first + shape.size()))) {
            array = part.reshape(shape);
        }
    }

    /**
     * Takes memory, touches all of it and pins it.
     *
     * @param host the array's manager, on a CPU
     * @param shape of at least one element
     * @param type the elements' type
     * @param gpu from where it is filled
     * @return the memory, with zeros in it; empty where the driver pins no more
     * @throws CudaException if there is no driver
     * @throws ai.djl.engine.EngineException if there is no memory
     */
    public static Optional<PinnedMemory> of(NDManager host, Shape shape, DataType type, Device gpu) {
        CudaDevice device = CudaDevice.of(gpu.getDeviceId());
        int unit = type.getNumOfBytes();
        long bytes = (shape.size() * unit + PAGE - 1) / PAGE * PAGE;
        NDArray memory = host.zeros(new Shape((bytes + PAGE) / unit), type);
        PinnedMemory pinned = new PinnedMemory(device, memory, shape);
        int[] code = new int[1];
        device.inContext(() -> code[0] = CudaApi.cuMemHostRegister_v2(pinned.address, bytes, CudaApi.MEMHOSTREGISTER_PORTABLE));
        if (code[0] == CudaApi.SUCCESS) {
            return Optional.of(pinned);
        }
        pinned.free();
        return Optional.empty();
    }

    /**
     * The array.
     *
     * @return on a CPU; it is closed with this
     */
    public NDArray array() {
        return array;
    }

    private void free() {
        array.close();
        memory.close();
    }

    /**
     * Gives the memory back. No copy into it may be on its way.
     *
     * @throws CudaException if the driver does not let go of it
     */
    @Override
    public void close() {
        device.inContext(() -> device.check("cuMemHostUnregister", CudaApi.cuMemHostUnregister(address)));
        free();
    }
}
