package ai.spattention.train.cli.session;

import ai.djl.Device;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.distributed.SingleProcess;
import java.io.IOException;

/** The processes of a run: this one's place among them, and how it joins the others. */
public interface Processes {

    /** A run of one process. */
    Processes SINGLE = new Processes() {
        @Override
        public int size() {
            return 1;
        }

        @Override
        public Device device(Device first) {
            return first;
        }

        @Override
        public Collectives join(RunConfig config, Device device) {
            return new SingleProcess();
        }
    };

    /**
     * How many there are.
     *
     * @return at least 1
     */
    int size();

    /**
     * Where this process computes, for no two on a machine share a GPU.
     *
     * @param first where a single process would compute
     * @return the same, or this process's own GPU
     * @throws ai.spattention.common.InvalidInputException if there is none for it
     */
    Device device(Device first);

    /**
     * Waits for the others, and makes sure that all do the same ({@link RunDigests}).
     *
     * @param config the run's configuration
     * @param device where this process computes
     * @return what they compute together, to be closed
     * @throws ai.spattention.common.InvalidInputException if another process has another version, configuration or data
     * @throws IOException if they do not find each other
     */
    Collectives join(RunConfig config, Device device) throws IOException;
}
