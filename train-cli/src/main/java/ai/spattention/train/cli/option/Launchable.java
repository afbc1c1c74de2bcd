package ai.spattention.train.cli.option;

import ai.spattention.train.config.DeviceRequest;
import java.nio.file.Path;
import java.util.Optional;

/** A command that several processes run together. */
public interface Launchable {

    /**
     * Where its processes are to compute.
     *
     * @return what is asked for
     * @throws ai.spattention.common.InvalidInputException if the command would refuse its arguments
     */
    DeviceRequest wantedDevice();

    /**
     * Where it can go on after a failure.
     *
     * @return the folder; empty if it cannot, or none was named
     */
    Optional<Path> resumableFolder();
}
