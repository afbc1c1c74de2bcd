package ai.spattention.torch;

import ai.djl.Device;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.util.cuda.CudaUtils;
import java.lang.management.MemoryUsage;

/** The memory of GPUs. */
public final class DeviceMemory {

    private DeviceMemory() {}

    /**
     * What can still be taken. PyTorch first gives back what it keeps for later.
     *
     * @param gpu the GPU
     * @return bytes
     */
    public static long free(Device gpu) {
        JniUtils.emptyCudaCache();
        MemoryUsage memory = CudaUtils.getGpuMemory(gpu);
        return memory.getMax() - memory.getCommitted();
    }
}
