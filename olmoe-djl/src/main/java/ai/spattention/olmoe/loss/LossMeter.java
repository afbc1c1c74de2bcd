package ai.spattention.olmoe.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDManager;
import ai.spattention.torch.EngineArrays;
import java.util.function.Consumer;

/**
 * Adds up losses on the device, so that a step of several micro-batches waits for no copy to the host until somebody
 * reads. For one device and one thread.
 */
public final class LossMeter implements Consumer<LossParts>, AutoCloseable {

    private final NDManager manager;
    private NDArray sums;
    private int count;

    /**
     * Creates a meter.
     *
     * @param parent the manager that owns the meter's memory if {@link #close} is not called earlier
     */
    public LossMeter(NDManager parent) {
        manager = parent.newSubManager();
    }

    @Override
    public void accept(LossParts parts) {
        NDArray values = NDArrays.stack(parts.toList());
        if (sums == null) {
            sums = values;
            sums.attach(manager);
        } else {
            sums.addi(values);
            values.close();
        }
        count++;
    }

    /**
     * Gives the mean of the losses since the last call, and starts anew.
     *
     * @return the means
     * @throws IllegalStateException if there was none
     */
    public LossValues read() {
        requireLosses();
        Number[] values;
        try (NDArray read = EngineArrays.readable(sums)) {
            values = read.toArray();
        }
        LossValues mean = new LossValues(values[0].doubleValue() / count, values[1].doubleValue() / count,
                values[2].doubleValue() / count, values[3].doubleValue() / count);
        sums.close();
        sums = null;
        count = 0;
        return mean;
    }

    /**
     * The losses since the last reading, added up, still on the device.
     *
     * @return [4], float32, the total first; stays the meter's
     * @throws IllegalStateException if there was none
     */
    public NDArray sums() {
        requireLosses();
        return sums;
    }

    private void requireLosses() {
        if (count == 0) {
            throw new IllegalStateException("no loss has been computed since the last reading");
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}
