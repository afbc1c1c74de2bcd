package ai.spattention.train.cli.option;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import ai.spattention.train.config.DeviceRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options that choose one device, or several that share the work. The launcher reads both, for the natives. */
public final class DevicesOption {

    @Mixin
    private DeviceOption one;

    @Option(names = "--devices", paramLabel = "D,D...", converter = Converter.class,
            description = "Several devices that share the work, separated by commas, as gpu:0,gpu:1; in place of --device.")
    private Several several;

    /** What was asked for. */
    private record Several(List<DeviceRequest> requests) {}

    /**
     * Whether either option was given.
     *
     * @return whether devices were chosen
     */
    public boolean isGiven() {
        return several != null || one.isGiven();
    }

    /**
     * Whether there may be more than one device.
     *
     * @return whether {@code --devices} was given
     */
    public boolean areSeveral() {
        return several != null;
    }

    /**
     * The chosen devices. The processor may be named several times, a GPU may not: it would hold the model twice, and be no faster.
     *
     * @return the devices, at least one; that of {@code auto} if neither option was given
     * @throws InvalidInputException if both options were given, a GPU is not there, or is named twice
     */
    public List<Device> devices() {
        if (several == null) {
            return List.of(one.device());
        }
        if (one.isGiven()) {
            throw new InvalidInputException("--device and --devices exclude each other: give one");
        }
        List<Device> found = new ArrayList<>();
        for (DeviceRequest request : several.requests) {
            Device device = DeviceOption.resolve(request);
            if (device.isGpu() && found.contains(device)) {
                throw new InvalidInputException("--devices must name different GPUs (got " + request + ", which is named already)");
            }
            found.add(device);
        }
        return found;
    }

    /** Reads the option's value. */
    static final class Converter implements ITypeConverter<Several> {

        @Override
        public Several convert(String value) {
            try {
                return new Several(Arrays.stream(value.split(",", -1)).map(String::strip).map(DeviceRequest::of).toList());
            } catch (InvalidInputException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }
}
