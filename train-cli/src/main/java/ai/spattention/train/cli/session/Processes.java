package ai.spattention.train.cli.session;

import ai.djl.Device;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.distributed.WorkerIdentity;
import java.io.IOException;
import java.nio.file.Path;

/** The processes of a run: this one's place among them, and how it joins the others. */
public interface Processes {

    /**
     * Which of them this one is.
     *
     * @return its place; {@link WorkerIdentity#SINGLE} in a run of one process
     * @throws ai.spattention.common.InvalidInputException if what launched this process gives numbers that do not fit together
     */
    WorkerIdentity identity();

    /**
     * Waits for the others, and makes sure that all do the same ({@link RunLikeness}).
     *
     * @param config the run's configuration
     * @param device where this process computes
     * @param folder where a process that waits in vain says so; null in a run of one process without one
     * @return what they compute together, to be closed
     * @throws ai.spattention.common.InvalidInputException if another process has another version, configuration or data
     * @throws IOException if the data cannot be read
     */
    Collectives join(RunConfig config, Device device, Path folder) throws IOException;
}
