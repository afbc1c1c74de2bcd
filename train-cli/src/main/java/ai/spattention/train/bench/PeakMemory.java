package ai.spattention.train.bench;

import ai.djl.Device;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.util.cuda.CudaUtils;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.OptionalLong;

/**
 * The largest amount of memory in use since a moment: the process's resident memory on a CPU (Linux); on a GPU all that is taken of
 * its memory, CUDA's own context (some hundred MB) and other processes included. libtorch's allocator keeps what it once had, so
 * that this is a peak; at the start it gives back what is not in use, so that the peak of what ran before does not count.
 */
final class PeakMemory {

    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Path CLEAR = Path.of("/proc/self/clear_refs");

    private final Device device;

    private PeakMemory(Device device) {
        this.device = device;
    }

    /**
     * Starts to watch.
     *
     * @param device the device whose memory counts
     * @return the watch
     */
    static PeakMemory start(Device device) {
        if (device.isGpu()) {
            JniUtils.emptyCudaCache();
        } else {
            try {
                Files.writeString(CLEAR, "5", StandardOpenOption.WRITE); // resets the high-water mark
            } catch (IOException | RuntimeException e) {
                return new PeakMemory(null); // another system, or a sandbox: nothing to report
            }
        }
        return new PeakMemory(device);
    }

    /**
     * The peak since the start.
     *
     * @return bytes, or empty where the system does not tell
     */
    OptionalLong bytes() {
        if (device == null) {
            return OptionalLong.empty();
        }
        if (device.isGpu()) {
            return OptionalLong.of(CudaUtils.getGpuMemory(device).getCommitted());
        }
        try {
            return Files.readAllLines(STATUS, StandardCharsets.US_ASCII).stream()
                    .filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                    .findFirst();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }
}
