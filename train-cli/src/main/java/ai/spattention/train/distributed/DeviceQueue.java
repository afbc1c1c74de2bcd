package ai.spattention.train.distributed;

import ai.spattention.cuda.CudaStream;
import com.sun.jna.Pointer;
import java.util.Optional;

/** Where NCCL puts its work. */
interface DeviceQueue extends AutoCloseable {

    /** The GPU's number, as arrays tell it; -1 for the host's memory. */
    int deviceIndex();

    /** The stream, if it is one of a GPU. */
    default Optional<CudaStream> stream() {
        return Optional.empty();
    }

    /** The stream's handle. */
    Pointer handle();

    /** Runs something with the GPU's context current on this thread. */
    void inContext(Runnable work);

    /** Waits until all is done that has been put on the stream. */
    void synchronize();

    /** The moment at which all is done that has been put on the stream so far. */
    Moment moment();

    @Override
    void close();
}
