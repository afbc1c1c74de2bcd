package ai.spattention.train.bench;

import ai.djl.Device;
import ai.spattention.cuda.CudaDevice;

/**
 * Takes the time on a device. A GPU works on after the calls, so it is waited for at both ends.
 *
 * @param device the device
 */
record DeviceClock(Device device) {

    /** Waits until the device has done all that was asked of it. */
    void synchronize() {
        if (device.isGpu()) {
            CudaDevice.of(device.getDeviceId()).synchronize();
        }
    }

    /** The milliseconds that some work takes. */
    double milliseconds(Runnable work) {
        synchronize();
        long start = System.nanoTime();
        work.run();
        synchronize();
        return (System.nanoTime() - start) / 1e6;
    }
}
