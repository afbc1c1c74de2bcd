package ai.spattention.train.config;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A device as a person asks for it.
 *
 * @param choice the kind
 * @param index which GPU, from 0 on; 0 for other kinds
 */
public record DeviceRequest(DeviceChoice choice, int index) {

    /** The GPU if there is one, else the processor. */
    public static final DeviceRequest AUTO = new DeviceRequest(DeviceChoice.AUTO, 0);

    private static final Pattern GPU = Pattern.compile("gpu(?::(\\d{1,3}))?");

    /**
     * Reads a request.
     *
     * @param text cpu, gpu, gpu:K or auto, in any case
     * @return the request
     * @throws InvalidInputException if the text is none of them
     */
    public static DeviceRequest of(String text) {
        String lower = text.toLowerCase(Locale.ROOT);
        Matcher gpu = GPU.matcher(lower);
        if (gpu.matches()) {
            return new DeviceRequest(DeviceChoice.GPU, gpu.group(1) == null ? 0 : Integer.parseInt(gpu.group(1)));
        }
        return switch (lower) {
            case "cpu" -> new DeviceRequest(DeviceChoice.CPU, 0);
            case "auto" -> AUTO;
            default -> throw new InvalidInputException("'" + text + "' is not one device: choose cpu, gpu, gpu:K (K from 0 on)"
                    + " or auto; a run uses one GPU");
        };
    }

    /**
     * The device.
     *
     * @param gpuCount how many GPUs PyTorch sees
     * @return the device
     * @throws InvalidInputException if a GPU was asked for that is not there
     */
    public Device resolve(int gpuCount) {
        if (choice == DeviceChoice.CPU || choice == DeviceChoice.AUTO && gpuCount == 0) {
            return Device.cpu();
        }
        if (gpuCount == 0) {
            throw new InvalidInputException("--device " + this + " was asked for, but PyTorch sees no GPU: use --device cpu;"
                    + " 'spattn doctor --device gpu' tells why");
        }
        if (index >= gpuCount) {
            throw new InvalidInputException("--device " + this + " was asked for, but PyTorch sees " + (gpuCount == 1
                    ? "one GPU only: use gpu:0" : gpuCount + " GPUs: choose from gpu:0 to gpu:" + (gpuCount - 1)));
        }
        return Device.gpu(index);
    }

    /**
     * How exactly this device is asked for.
     *
     * @param device a device
     * @return {@code cpu}, or {@code gpu:K}
     */
    public static String nameOf(Device device) {
        return device.isGpu() ? "gpu:" + device.getDeviceId() : device.getDeviceType();
    }

    @Override
    public String toString() {
        return switch (choice) {
            case CPU -> "cpu";
            case AUTO -> "auto";
            case GPU -> index == 0 ? "gpu" : "gpu:" + index;
        };
    }
}
