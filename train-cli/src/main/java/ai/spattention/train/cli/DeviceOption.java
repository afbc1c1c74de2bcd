package ai.spattention.train.cli;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.spattention.InvalidInputException;
import picocli.CommandLine.Option;

/** The option that chooses the device. The launcher reads it too, for the natives. */
public final class DeviceOption {

    /** The choices. */
    public enum Choice {
        /** The CPU. */
        CPU,
        /** The first GPU; an error where there is none. */
        GPU,
        /** The first GPU if there is one with its natives, else the CPU. */
        AUTO
    }

    @Option(names = "--device", paramLabel = "cpu|gpu|auto", description = "Where to compute (default: auto).")
    private Choice choice;

    /**
     * Whether the option was given.
     *
     * @return true if it was
     */
    boolean isSet() {
        return choice != null;
    }

    /**
     * The chosen device.
     *
     * @return the device
     * @throws InvalidInputException if a GPU was asked for and there is none
     */
    Device device() {
        return resolve(choice == null ? Choice.AUTO : choice);
    }

    /**
     * Finds a device.
     *
     * @param choice the choice
     * @return the device
     * @throws InvalidInputException if a GPU was asked for and there is none
     */
    static Device resolve(Choice choice) {
        if (choice == Choice.CPU) {
            return Device.cpu();
        }
        boolean gpu = Engine.getEngine("PyTorch").getGpuCount() > 0;
        if (!gpu && choice == Choice.GPU) {
            throw new InvalidInputException("--device gpu was asked for, but PyTorch sees no GPU: use --device cpu");
        }
        return gpu ? Device.gpu() : Device.cpu();
    }
}
