package ai.spattention.olmoe.pass;

import ai.djl.Device;
import ai.spattention.cublas.DenseMatmul;
import ai.spattention.cuda.CudaDevice;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.torch.DeviceMemory;
import java.util.Optional;
import java.util.OptionalLong;

/** What must be known of a device to choose how passes run on it: of one that is there, or one that a test makes up. */
public interface PassDevice {

    /**
     * Why no plan can run there, whatever the model.
     *
     * @return the reason, for people, as the end of a sentence; empty if plans can run
     */
    Optional<String> unsupported();

    /**
     * The GPU that plans are made for.
     *
     * @return the target
     * @throws ai.spattention.cuda.CudaException if there is none, as {@link #unsupported} says
     */
    CudaTarget target();

    /**
     * The memory that can still be taken.
     *
     * @return bytes; empty for a processor, whose memory nobody counts
     */
    OptionalLong freeBytes();

    /**
     * A device of this machine.
     *
     * @param device the device
     * @return what is known of it, the free memory as it is when it is asked for
     */
    static PassDevice of(Device device) {
        return new PassDevice() {
            @Override
            public Optional<String> unsupported() {
                if (!device.isGpu()) {
                    return Optional.of("the device is no GPU (got " + device.getDeviceType() + ")");
                }
                return CudaDevice.unavailable().or(() -> PassFit.unsupported(CudaDevice.of(device.getDeviceId()).computeCapability()))
                        .or(DenseMatmul::unavailable);
            }

            @Override
            public CudaTarget target() {
                return CudaTarget.of(CudaDevice.of(device.getDeviceId()));
            }

            @Override
            public OptionalLong freeBytes() {
                return device.isGpu() ? OptionalLong.of(DeviceMemory.free(device)) : OptionalLong.empty();
            }
        };
    }
}
