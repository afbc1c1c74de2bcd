package ai.spattention.train.cli.option;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.spattention.common.InvalidInputException;
import ai.spattention.train.config.DeviceChoice;
import ai.spattention.train.config.DeviceRequest;
import ai.spattention.train.distributed.RankDevice;
import ai.spattention.train.distributed.WorkerIdentity;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The option that chooses the device. The launcher reads it too, for the natives. */
public final class DeviceOption {

    @Option(names = "--device", paramLabel = "cpu|gpu|gpu:K|auto", converter = Converter.class,
            description = "Where to compute; gpu:K is the GPU of that number, from 0 on (default: auto).")
    private DeviceRequest request;

    /**
     * Whether the option was given.
     *
     * @return whether a device was chosen
     */
    public boolean isGiven() {
        return request != null;
    }

    /**
     * What was asked for.
     *
     * @return the request; {@code auto} if the option was not given
     */
    public DeviceRequest request() {
        return request == null ? DeviceRequest.AUTO : request;
    }

    /**
     * The chosen device.
     *
     * @return the device; that of {@code auto} if the option was not given
     * @throws InvalidInputException if a GPU was asked for that is not there
     */
    public Device device() {
        return device(DeviceChoice.AUTO);
    }

    /**
     * The chosen device.
     *
     * @param otherwise what counts if the option was not given
     * @return the device
     * @throws InvalidInputException if a GPU was asked for that is not there
     */
    public Device device(DeviceChoice otherwise) {
        return resolve(wanted(otherwise));
    }

    /**
     * The device of one of several processes: of those on a machine each takes a GPU of its own.
     *
     * @param identity the process
     * @param otherwise what counts if the option was not given
     * @return the device
     * @throws InvalidInputException if a GPU was asked for that is not there, or one by its number for several processes
     */
    public Device ofProcess(WorkerIdentity identity, DeviceChoice otherwise) {
        Device chosen = device(otherwise);
        if (identity.size() == 1 || !chosen.isGpu()) {
            return chosen;
        }
        if (chosen.getDeviceId() > 0) {
            throw new InvalidInputException("--device " + request() + " is for a run of one process: of several each takes the GPU of its"
                    + " own number on its machine; leave it out, or choose GPUs by CUDA_VISIBLE_DEVICES");
        }
        return RankDevice.gpu(identity, Engine.getEngine("PyTorch").getGpuCount(), System.getenv());
    }

    /**
     * What is asked for.
     *
     * @param otherwise what counts if the option was not given
     * @return the request
     */
    public DeviceRequest wanted(DeviceChoice otherwise) {
        return request == null ? new DeviceRequest(otherwise, 0) : request;
    }

    /**
     * The device of a request.
     *
     * @param wanted what was asked for
     * @return the device
     * @throws InvalidInputException if a GPU was asked for that is not there
     */
    public static Device resolve(DeviceRequest wanted) {
        // asking for the number of GPUs loads PyTorch, which a CPU needs later at most
        return wanted.resolve(wanted.choice() == DeviceChoice.CPU ? 0 : Engine.getEngine("PyTorch").getGpuCount());
    }

    /**
     * The chosen device, if it is here.
     *
     * @param otherwise what counts if the option was not given
     * @return the device; empty if a GPU was asked for that is not there
     */
    public Optional<Device> find(DeviceChoice otherwise) {
        try {
            return Optional.of(device(otherwise));
        } catch (InvalidInputException e) {
            return Optional.empty();
        }
    }

    /** Reads the option's value. */
    public static final class Converter implements ITypeConverter<DeviceRequest> {

        @Override
        public DeviceRequest convert(String value) {
            try {
                return DeviceRequest.of(value);
            } catch (InvalidInputException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }
}
