package ai.spattention.examples;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import ai.spattention.torch.DeviceSupport;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A program's settings: its defaults, and what the command line says of them as {@code name=value}. Immutable. */
final class Options {

    private final Map<String, String> values;

    private Options(Map<String, String> values) {
        this.values = values;
    }

    /**
     * Reads a command line.
     *
     * @param arguments what the program was called with, each {@code name=value}
     * @param defaults every setting that there is, in the same way
     * @return the settings
     * @throws InvalidInputException if an argument names no setting
     */
    static Options of(String[] arguments, String... defaults) {
        Map<String, String> values = new LinkedHashMap<>();
        for (String setting : defaults) {
            values.put(setting.substring(0, setting.indexOf('=')), setting.substring(setting.indexOf('=') + 1));
        }
        for (String argument : arguments) {
            String[] parts = argument.split("=", 2);
            if (parts.length < 2 || values.replace(parts[0], parts[1]) == null) {
                throw new InvalidInputException("'" + argument + "' is no setting of this program: give name=value, such as "
                        + Arrays.toString(defaults));
            }
        }
        return new Options(values);
    }

    String text(String name) {
        return values.get(name);
    }

    String choice(String name, String... allowed) {
        if (!List.of(allowed).contains(text(name))) {
            throw new InvalidInputException("'" + name + "' must be one of " + String.join(", ", allowed) + " (got " + text(name) + ")");
        }
        return text(name);
    }

    int number(String name) {
        try {
            int number = Integer.parseInt(text(name));
            if (number > 0) {
                return number;
            }
        } catch (NumberFormatException e) {
            // refused below, as what is not positive is
        }
        throw new InvalidInputException("'" + name + "' must be a whole number above 0 (got " + text(name) + ")");
    }

    /** {@code cpu}, {@code gpu} or {@code gpu1} and so on; DJL itself takes {@code gpu} for one without a number, which computes nothing. */
    Device device() {
        String name = text("device");
        Device device = Device.fromName(name.equals("gpu") ? "gpu0" : name);
        DeviceSupport.requirePresent(device);
        return device;
    }
}
