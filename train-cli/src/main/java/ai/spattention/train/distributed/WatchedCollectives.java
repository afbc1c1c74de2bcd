package ai.spattention.train.distributed;

import ai.djl.ndarray.NDArray;
import ai.spattention.cuda.CudaStream;
import java.util.Optional;

/** A backend, every operation of which is watched. */
final class WatchedCollectives implements Collectives {

    private final WatchableCollectives backend;
    private final HangWatch watch;
    private final String what; // " of ..." behind an operation's name

    WatchedCollectives(WatchableCollectives backend, HangWatch watch) {
        this(backend, watch, "");
    }

    private WatchedCollectives(WatchableCollectives backend, HangWatch watch, String what) {
        this.backend = backend;
        this.watch = watch;
        this.what = what;
    }

    @Override
    public Collectives named(String name) {
        return new WatchedCollectives(backend, watch, " of " + name);
    }

    @Override
    public Optional<CudaStream> stream() {
        return backend.stream();
    }

    @Override
    public int rank() {
        return backend.rank();
    }

    @Override
    public int size() {
        return backend.size();
    }

    @Override
    public void allReduce(NDArray values) {
        during("allReduce", values.size(), () -> backend.allReduce(values));
    }

    @Override
    public void reduceScatter(NDArray values) {
        during("reduceScatter", values.size(), () -> backend.reduceScatter(values));
    }

    @Override
    public void allGather(NDArray values) {
        during("allGather", values.size(), () -> backend.allGather(values));
    }

    @Override
    public void broadcast(NDArray values, int root) {
        during("broadcast", values.size(), () -> backend.broadcast(values, root));
    }

    @Override
    public double[] sum(double... values) {
        return watch.during("sum" + what, values.length, backend::moment, () -> backend.sum(values));
    }

    @Override
    public void barrier() {
        during("barrier", 0, backend::barrier);
    }

    private void during(String name, long elements, Runnable operation) {
        watch.during(name + what, elements, backend::moment, () -> {
            operation.run();
            return null;
        });
    }

    @Override
    public double waitedSeconds() {
        return watch.seconds();
    }

    @Override
    public void abort() {
        leave("abort", backend::abort);
    }

    @Override
    public void abortAfter(Throwable failure) {
        leave("abort", () -> backend.abortAfter(failure));
    }

    @Override
    public void close() {
        leave("close", backend::close);
    }

    private void leave(String name, Runnable leaving) {
        try {
            watch.during(name, 0, Moment.Host::now, () -> { // a stream that is closed has no moments
                leaving.run();
                return null;
            });
        } finally {
            watch.close();
        }
    }
}
