package ai.spattention.cuda;

import ai.spattention.torch.ThreadMemory;
import com.sun.jna.Memory;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** A GPU as the driver sees it, with the context that PyTorch uses too (the device's primary context). */
public final class CudaDevice {

    private static final Map<Integer, CudaDevice> DEVICES = new ConcurrentHashMap<>();

    private final int index;
    private final String name;
    private final int computeCapability;
    private final int maxSharedBytes;
    private final int multiprocessors;
    private final long context;

    private CudaDevice(int index) {
        this.index = index;
        Memory cell = new Memory(8);
        check("cuDeviceGet", CudaApi.cuDeviceGet(cell, index));
        int device = cell.getInt(0);
        Memory text = new Memory(256);
        check("cuDeviceGetName", CudaApi.cuDeviceGetName(text, 256, device));
        this.name = text.getString(0);
        this.computeCapability = 10 * attribute(CudaApi.COMPUTE_CAPABILITY_MAJOR, device)
                + attribute(CudaApi.COMPUTE_CAPABILITY_MINOR, device);
        this.maxSharedBytes = attribute(CudaApi.MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, device);
        this.multiprocessors = attribute(CudaApi.MULTIPROCESSOR_COUNT, device);
        check("cuDevicePrimaryCtxRetain", CudaApi.cuDevicePrimaryCtxRetain(cell, device));
        this.context = cell.getLong(0);
    }

    private int attribute(int attribute, int device) {
        Memory value = new Memory(4);
        check("cuDeviceGetAttribute", CudaApi.cuDeviceGetAttribute(value, attribute, device));
        return value.getInt(0);
    }

    /**
     * Why no kernel of ours can be launched on this machine.
     *
     * @return the reason, for people; empty where there is a driver and a GPU
     */
    public static Optional<String> unavailable() {
        if (CudaApi.UNAVAILABLE != null) {
            return Optional.of(CudaApi.UNAVAILABLE);
        }
        Memory count = new Memory(4);
        int code = CudaApi.cuDeviceGetCount(count);
        return code == CudaApi.SUCCESS && count.getInt(0) > 0 ? Optional.empty() : Optional.of("the NVIDIA driver finds no GPU");
    }

    /**
     * Finds a GPU.
     *
     * @param index the device's index, as PyTorch counts
     * @return the device, always the same object for an index
     * @throws CudaException if there is no such device
     */
    public static CudaDevice of(int index) {
        CudaDevice known = DEVICES.get(index); // asked at every launch
        if (known != null) {
            return known;
        }
        unavailable().ifPresent(reason -> {
            throw new CudaException(reason);
        });
        return DEVICES.computeIfAbsent(index, CudaDevice::new);
    }

    /**
     * The index.
     *
     * @return as PyTorch counts
     */
    public int index() {
        return index;
    }

    /**
     * The compute capability.
     *
     * @return 10 times the major plus the minor number, for example 90
     */
    public int computeCapability() {
        return computeCapability;
    }

    /**
     * How much shared memory a block may ask for.
     *
     * @return bytes
     */
    public int maxSharedBytes() {
        return maxSharedBytes;
    }

    /**
     * How many multiprocessors the GPU has.
     *
     * @return at least 1
     */
    public int multiprocessors() {
        return multiprocessors;
    }

    /**
     * The newest CUDA version that the driver knows.
     *
     * @return for example "12.4"
     */
    public static String driverCudaVersion() {
        Memory version = new Memory(4);
        return CudaApi.cuDriverGetVersion(version) == CudaApi.SUCCESS
                ? version.getInt(0) / 1000 + "." + version.getInt(0) % 1000 / 10 : "unknown";
    }

    /**
     * Waits until the device has done all that was asked of it.
     *
     * @throws CudaException if something of it failed
     */
    public void synchronize() {
        inContext(() -> check("cuCtxSynchronize", CudaApi.cuCtxSynchronize()));
    }

    /**
     * Runs something with this device's context current on this thread, and puts back the one that was.
     *
     * @param work what to run
     */
    public void inContext(Runnable work) {
        ThreadMemory out = ThreadMemory.own();
        check("cuCtxGetCurrent", CudaApi.cuCtxGetCurrent(out.address(0)));
        long before = out.get(0);
        if (context == before) {
            work.run();
            return;
        }
        check("cuCtxSetCurrent", CudaApi.cuCtxSetCurrent(context));
        try {
            work.run();
        } finally {
            if (before != 0) {
                check("cuCtxSetCurrent", CudaApi.cuCtxSetCurrent(before));
            }
        }
    }

    /** Turns a driver's error into an exception. */
    void check(String call, int code) {
        if (code != CudaApi.SUCCESS) {
            throw new CudaException(call + " failed on " + this + ": error " + code + " (" + CudaApi.text(code) + ")", code);
        }
    }

    @Override
    public String toString() {
        return "gpu" + index + (name == null ? "" : " (" + name + ")");
    }
}
