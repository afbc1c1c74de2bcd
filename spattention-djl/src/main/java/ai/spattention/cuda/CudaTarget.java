package ai.spattention.cuda;

/**
 * What decides which kernels run on a GPU and how they are launched. It needs no driver, so that launches can be planned anywhere.
 *
 * @param deviceIndex the GPU, as PyTorch counts
 * @param computeCapability 10 times the major plus the minor number
 * @param multiprocessors how many there are
 * @param sharedBytes how much shared memory a block may ask for
 */
public record CudaTarget(int deviceIndex, int computeCapability, int multiprocessors, int sharedBytes) {

    /**
     * The target that a GPU is.
     *
     * @param device the GPU
     * @return the target
     */
    public static CudaTarget of(CudaDevice device) {
        return new CudaTarget(device.index(), device.computeCapability(), device.multiprocessors(), device.maxSharedBytes());
    }

    /**
     * The GPU.
     *
     * @return the device
     * @throws CudaException if there is none
     */
    public CudaDevice device() {
        return CudaDevice.of(deviceIndex);
    }
}
