package ai.spattention.train.optim;

import ai.djl.ndarray.NDArray;
import ai.spattention.plan.Tensor;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.distributed.ForwardingCollectives;
import com.sun.jna.Pointer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Lanes in the host's memory. One of them runs as late as the order that is asked for allows, the other at once: what does not wait where it
 * must reads or writes too early.
 */
public final class HostLanes implements Lanes {

    /** Which lane runs late. */
    public enum Late { PASSES, COLLECTIVES }

    private final Late late;
    private final Deque<Runnable> waiting = new ArrayDeque<>();
    private final Map<Integer, Long> marks = new HashMap<>();
    private final List<String> log = new ArrayList<>();
    private long ran;

    /** Lanes of which one runs late. */
    public HostLanes(Late late) {
        this.late = late;
    }

    /** What was put on both lanes, in the order of the calls. */
    public List<String> log() {
        return log;
    }

    /** Puts work on the passes' lane. */
    public void onPasses(String name, Runnable work) {
        log.add(name);
        put(Late.PASSES, work);
    }

    private void put(Late lane, Runnable work) {
        if (lane == late) {
            waiting.add(work);
        } else {
            work.run();
        }
    }

    private void runUntil(long count) {
        while (ran < count) {
            ran++;
            waiting.remove().run();
        }
    }

    private void runAll() {
        runUntil(ran + waiting.size());
    }

    /** The same collectives, on their lane. */
    public Collectives on(Collectives others) {
        return new OnLane(others, "");
    }

    private final class OnLane extends ForwardingCollectives {

        private final Collectives others;
        private final String what;

        private OnLane(Collectives others, String what) {
            super(others);
            this.others = others;
            this.what = what;
        }

        @Override
        public Collectives named(String name) {
            return new OnLane(others, " of " + name);
        }

        @Override
        public void allReduce(NDArray values) {
            put("allReduce", values, others::allReduce);
        }

        @Override
        public void reduceScatter(NDArray values) {
            put("reduceScatter", values, others::reduceScatter);
        }

        @Override
        public void allGather(NDArray values) {
            put("allGather", values, others::allGather);
        }

        private void put(String name, NDArray values, Consumer<NDArray> operation) {
            NDArray own = values.reshape(values.getShape()); // the caller closes its own
            log.add(name + what);
            HostLanes.this.put(Late.COLLECTIVES, () -> operation.accept(own));
        }
    }

    /** A lane. */
    private record Host(Consumer<Runnable> put) implements Lane {

        @Override
        public void copy(Tensor from, Tensor to) {
            Pointer source = new Pointer(from.address());
            Pointer target = new Pointer(to.address());
            put.accept(() -> target.write(0, source.getByteArray(0, bytes(from)), 0, bytes(from)));
        }

        @Override
        public void clear(Tensor array) {
            Pointer target = new Pointer(array.address());
            put.accept(() -> target.clear(bytes(array)));
        }

        @Override
        public void add(Tensor values, Tensor sums) {
            Pointer source = new Pointer(values.address());
            Pointer target = new Pointer(sums.address());
            int count = Math.toIntExact(values.elements());
            put.accept(() -> {
                float[] added = source.getFloatArray(0, count);
                float[] all = target.getFloatArray(0, count);
                for (int i = 0; i < count; i++) {
                    all[i] += added[i];
                }
                target.write(0, all, 0, count);
            });
        }

        private static int bytes(Tensor array) {
            return Math.toIntExact(array.elements() * array.type().bytes());
        }
    }

    @Override
    public Lane passes() {
        return new Host(work -> put(Late.PASSES, work));
    }

    @Override
    public Lane collectives() {
        return new Host(work -> put(Late.COLLECTIVES, work));
    }

    @Override
    public void collectivesWait() {
        if (late == Late.PASSES) {
            runAll();
        }
    }

    @Override
    public void passesWait() {
        if (late == Late.COLLECTIVES) {
            runAll();
        }
    }

    @Override
    public void mark(int number) {
        marks.put(number, ran + waiting.size());
    }

    @Override
    public void passesWait(int number) {
        if (late == Late.COLLECTIVES) {
            runUntil(marks.getOrDefault(number, 0L));
        }
    }

    @Override
    public void close() {
        runAll();
    }
}
