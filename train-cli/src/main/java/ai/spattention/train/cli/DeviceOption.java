package ai.spattention.train.cli;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.spattention.InvalidInputException;
import ai.spattention.train.config.DeviceChoice;
import picocli.CommandLine.Option;

/** The option that chooses the device. The launcher reads it too, for the natives. */
public final class DeviceOption {

    @Option(names = "--device", paramLabel = "cpu|gpu|auto", description = "Where to compute (default: auto).")
    private DeviceChoice choice;

    /**
     * The chosen device.
     *
     * @return the device; that of {@code auto} if the option was not given
     * @throws InvalidInputException if a GPU was asked for and there is none
     */
    Device device() {
        return device(DeviceChoice.AUTO);
    }

    /**
     * The chosen device.
     *
     * @param otherwise what counts if the option was not given
     * @return the device
     * @throws InvalidInputException if a GPU was asked for and there is none
     */
    Device device(DeviceChoice otherwise) {
        return resolve(choice == null ? otherwise : choice);
    }

    /**
     * Finds a device.
     *
     * @param choice the choice
     * @return the device
     * @throws InvalidInputException if a GPU was asked for and there is none
     */
    static Device resolve(DeviceChoice choice) {
        if (choice == DeviceChoice.CPU) {
            return Device.cpu();
        }
        boolean gpu = Engine.getEngine("PyTorch").getGpuCount() > 0;
        if (!gpu && choice == DeviceChoice.GPU) {
            throw new InvalidInputException("--device gpu was asked for, but PyTorch sees no GPU: use --device cpu");
        }
        return gpu ? Device.gpu() : Device.cpu();
    }
}
