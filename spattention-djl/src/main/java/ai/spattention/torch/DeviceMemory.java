package ai.spattention.torch;

import ai.djl.Device;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.util.cuda.CudaUtils;
import java.lang.management.MemoryUsage;

/** The memory of GPUs. */
public final class DeviceMemory {

    private DeviceMemory() {}

    /** Makes PyTorch give back what it keeps for later, on all GPUs. */
    public static void giveBackUnused() {
        JniUtils.emptyCudaCache();
    }

    /**
     * What can still be taken. PyTorch first gives back what it keeps for later.
     *
     * @param gpu the GPU
     * @return bytes
     */
    public static long free(Device gpu) {
        giveBackUnused();
        MemoryUsage memory = CudaUtils.getGpuMemory(gpu);
        return memory.getMax() - memory.getCommitted();
    }
}
