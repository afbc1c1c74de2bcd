package ai.spattention.torch;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.util.cuda.CudaUtils;
import ai.spattention.common.InvalidInputException;
import java.util.function.IntFunction;

/** What a device can do. */
public final class DeviceSupport {

    /** Compute capability 8.0 (Ampere, 2020) brought matrix products in bfloat16. */
    private static final int BFLOAT16 = 80;

    private DeviceSupport() {}

    /**
     * Requires that a device is there.
     *
     * @param device the device
     * @throws InvalidInputException if it is a GPU that PyTorch does not see
     */
    public static void requirePresent(Device device) {
        if (device.isGpu()) {
            requirePresent(device, Engine.getEngine("PyTorch").getGpuCount());
        }
    }

    static void requirePresent(Device device, int gpus) {
        if (device.getDeviceId() < 0) { // what Device.fromName("gpu") gives; DJL fails on it much later
            throw new InvalidInputException("the device " + device + " has no number: use Device.gpu() for the first GPU, or gpu0 as its name");
        }
        if (device.getDeviceId() >= gpus) {
            throw new InvalidInputException("the device gpu" + device.getDeviceId() + " was asked for, but PyTorch sees "
                    + (gpus == 0 ? "no GPU: use the cpu, or PyTorch's libraries for CUDA" : gpus == 1 ? "one GPU only: use gpu0"
                            : gpus + " GPUs: choose from gpu0 to gpu" + (gpus - 1)));
        }
    }

    /**
     * Requires that a device computes in bfloat16 by itself. Every CPU does, slowly where it lacks the instructions.
     *
     * @param device the device
     * @throws InvalidInputException if it is a GPU of a compute capability below 8.0
     */
    public static void requireBfloat16(Device device) {
        requireBfloat16(device, CudaUtils::getComputeCapability);
    }

    static void requireBfloat16(Device device, IntFunction<String> capabilities) {
        if (!device.isGpu()) {
            return;
        }
        String digits = capabilities.apply(device.getDeviceId());
        if (Integer.parseInt(digits) < BFLOAT16) {
            int major = digits.length() - 1;
            throw new InvalidInputException("GPU " + device.getDeviceId() + " has compute capability "
                    + digits.substring(0, major) + "." + digits.substring(major) + ", but bfloat16 needs 8.0 or more: set precision=float32");
        }
    }
}
