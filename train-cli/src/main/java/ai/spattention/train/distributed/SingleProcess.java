package ai.spattention.train.distributed;

import ai.djl.ndarray.NDArray;

/** A run of one process: every sum is its own number already. */
public final class SingleProcess implements Collectives {

    @Override
    public int rank() {
        return 0;
    }

    @Override
    public int size() {
        return 1;
    }

    @Override
    public void allReduce(NDArray values) {
        // the sum of one
    }

    @Override
    public void reduceScatter(NDArray values) {
        // the only part is all of it
    }

    @Override
    public void allGather(NDArray values) {
        // all have it
    }

    @Override
    public void broadcast(NDArray values, int root) {
        // all have it
    }

    @Override
    public double[] sum(double... values) {
        return values.clone();
    }

    @Override
    public void barrier() {
        // all are here
    }

    @Override
    public void abort() {
        // nobody waits
    }

    @Override
    public void close() {
        // nothing is open
    }
}
