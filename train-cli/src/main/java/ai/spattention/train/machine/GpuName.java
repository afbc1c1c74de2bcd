package ai.spattention.train.machine;

import ai.djl.Device;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** What NVIDIA's driver calls a GPU, such as {@code NVIDIA H200}. */
public final class GpuName {

    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private GpuName() {}

    /**
     * Asks {@code nvidia-smi} for the name of a device.
     *
     * @param device the device
     * @return its name; empty for a CPU, and where {@code nvidia-smi} is missing, fails or does not answer in time
     */
    public static Optional<String> of(Device device) {
        return device.isGpu() ? ask(command(device.getDeviceId(), System.getenv("CUDA_VISIBLE_DEVICES")), TIMEOUT)
                : Optional.empty();
    }

    /**
     * A name for any device.
     *
     * @param device the device
     * @return the GPU's name; what DJL calls the device's type, such as {@code cpu}, where there is none
     */
    public static String orType(Device device) {
        return of(device).orElse(device.getDeviceType());
    }

    /** CUDA counts the devices that CUDA_VISIBLE_DEVICES names, nvidia-smi counts all. */
    static List<String> command(int index, String visible) {
        String[] named = visible == null || visible.isBlank() ? new String[0] : visible.split(",");
        String id = index < named.length ? named[index].strip() : Integer.toString(index);
        return List.of("nvidia-smi", "--query-gpu=name", "--format=csv,noheader", "--id=" + id);
    }

    static Optional<String> ask(List<String> command, Duration timeout) {
        try {
            Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
            try {
                process.getOutputStream().close();
                if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS) || process.exitValue() != 0) {
                    return Optional.empty();
                }
                String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                return output.lines().map(String::strip).filter(line -> !line.isEmpty()).findFirst();
            } finally {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            return Optional.empty(); // there is no such program
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
