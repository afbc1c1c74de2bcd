package ai.spattention.cuda;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;

/**
 * A stream on a GPU. One of our own keeps order with PyTorch's default stream by itself, in both directions, and unlike that one its work
 * can be captured into a {@link CudaGraph}.
 */
public sealed class CudaStream implements AutoCloseable {

    private static final int KEEPS_ORDER_WITH_DEFAULT_STREAM = 0; // CU_STREAM_DEFAULT
    private static final int HIGHEST_PRIORITY = Integer.MIN_VALUE / 2; // the driver takes the highest that it has

    private final CudaDevice device;
    private Pointer handle; // null once it is closed: the driver would read memory that is gone

    /** PyTorch's stream, which is not ours to end. */
    private static final class OfPyTorch extends CudaStream {

        private OfPyTorch(CudaDevice device) {
            super(device, new Pointer(TorchTensors.currentStream(device.index())));
        }

        @Override
        public void close() {} // nothing of it is ours
    }

    private CudaStream(CudaDevice device, Pointer handle) {
        this.device = device;
        this.handle = handle;
    }

    /**
     * Makes a stream of our own whose work goes first wherever the GPU can choose, as that does for which other GPUs wait.
     *
     * @param device the GPU
     * @return the stream
     * @throws CudaException if the driver refuses
     */
    public static CudaStream urgent(CudaDevice device) {
        Memory cell = new Memory(8);
        device.inContext(() -> device.check("cuStreamCreateWithPriority",
                CudaApi.cuStreamCreateWithPriority(cell, KEEPS_ORDER_WITH_DEFAULT_STREAM, HIGHEST_PRIORITY)));
        return new CudaStream(device, cell.getPointer(0));
    }

    /**
     * The stream on which PyTorch puts this thread's work.
     *
     * @param device the GPU
     * @return the stream; to close it does nothing
     */
    public static CudaStream ofPyTorch(CudaDevice device) {
        return new OfPyTorch(device);
    }

    /**
     * Makes a stream of our own.
     *
     * @param device the GPU
     * @throws CudaException if the driver refuses
     */
    public CudaStream(CudaDevice device) {
        this.device = device;
        Memory cell = new Memory(8);
        device.inContext(() -> device.check("cuStreamCreate", CudaApi.cuStreamCreate(cell, KEEPS_ORDER_WITH_DEFAULT_STREAM)));
        handle = cell.getPointer(0);
    }

    /**
     * The GPU.
     *
     * @return the device
     */
    public CudaDevice device() {
        return device;
    }

    /**
     * The stream as libraries of CUDA take it.
     *
     * @return a CUstream, which is a cudaStream_t, too
     * @throws IllegalStateException if it is closed
     */
    public Pointer handle() {
        if (handle == null) {
            throw new IllegalStateException("the stream on " + device + " is closed");
        }
        return handle;
    }

    long address() {
        return Pointer.nativeValue(handle());
    }

    /**
     * Copies memory on the device, in the stream's order.
     *
     * @param to the address to copy to
     * @param from the address to copy from
     * @param bytes how much
     */
    public void copy(long to, long from, long bytes) {
        device.inContext(() -> device.check("cuMemcpyDtoDAsync", CudaApi.cuMemcpyDtoDAsync_v2(to, from, bytes, handle())));
    }

    /**
     * Fills memory with a byte, in the stream's order.
     *
     * @param address where
     * @param value the byte
     * @param bytes how much
     */
    public void fill(long address, int value, long bytes) {
        device.inContext(() -> device.check("cuMemsetD8Async", CudaApi.cuMemsetD8Async(address, (byte) value, bytes, handle())));
    }

    /**
     * Reads memory of the device when all work before it is done, and waits for it.
     *
     * @param address where
     * @param bytes how much
     * @return the bytes
     * @throws CudaException if something that was on the stream failed
     */
    public byte[] read(long address, int bytes) {
        Memory read = new Memory(bytes);
        device.inContext(() -> {
            device.check("cuMemcpyDtoHAsync", CudaApi.cuMemcpyDtoHAsync_v2(read, address, bytes, handle()));
            device.check("cuStreamSynchronize", CudaApi.cuStreamSynchronize(handle()));
        });
        return read.getByteArray(0, bytes);
    }

    /**
     * Waits until everything on the stream is done.
     *
     * @throws CudaException if something of it failed
     */
    public void synchronize() {
        device.inContext(() -> device.check("cuStreamSynchronize", CudaApi.cuStreamSynchronize(handle())));
    }

    /** Ends the stream when its work is done, without waiting for that; closing it again does nothing. */
    @Override
    public void close() {
        if (handle != null) {
            Pointer ended = handle;
            handle = null;
            device.inContext(() -> device.check("cuStreamDestroy", CudaApi.cuStreamDestroy_v2(ended)));
        }
    }
}
