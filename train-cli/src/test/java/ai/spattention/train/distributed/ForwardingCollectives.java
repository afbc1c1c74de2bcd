package ai.spattention.train.distributed;

import ai.djl.ndarray.NDArray;

/** Does what others do, for tests that change something of it. */
public class ForwardingCollectives implements Collectives {

    private final Collectives others;

    protected ForwardingCollectives(Collectives others) {
        this.others = others;
    }

    @Override
    public int rank() {
        return others.rank();
    }

    @Override
    public int size() {
        return others.size();
    }

    @Override
    public void allReduce(NDArray values) {
        others.allReduce(values);
    }

    @Override
    public void reduceScatter(NDArray values) {
        others.reduceScatter(values);
    }

    @Override
    public void allGather(NDArray values) {
        others.allGather(values);
    }

    @Override
    public void broadcast(NDArray values, int root) {
        others.broadcast(values, root);
    }

    @Override
    public double[] sum(double... values) {
        return others.sum(values);
    }

    @Override
    public void barrier() {
        others.barrier();
    }

    @Override
    public void abort() {
        others.abort();
    }

    @Override
    public void close() {
        others.close();
    }
}
