package ai.spattention.train.distributed;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.pytorch.engine.PtGradientCollector;
import ai.spattention.segment.NoGradient;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Ranks that are threads of one process; sums are made in the ranks' order. One runs at a time, until it waits for the others: DJL lets no
 * two threads collect gradients. Nor may one wait with its collector open while another opens its own, which ranks do that talk within a pass;
 * a rank that waits therefore takes back DJL's note that somebody collects. (What libtorch records is a thread's own.)
 */
public final class TurnCollectives implements Collectives {

    private static final int TIMEOUT_SECONDS = 300;

    private static final AtomicBoolean COLLECTING = collecting();

    private static AtomicBoolean collecting() {
        try {
            Field note = PtGradientCollector.class.getDeclaredField("isCollecting");
            note.setAccessible(true);
            return (AtomicBoolean) note.get(null);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("DJL keeps its note of a collector elsewhere", e);
        }
    }

    /** What all ranks see. */
    private static final class Meeting {

        final ReentrantLock turn = new ReentrantLock(true);
        final Condition news = turn.newCondition();
        final NDArray[] arrays;
        final double[][] numbers;
        NDArray sum;
        int arrived;
        long round;
        boolean broken;

        Meeting(int size) {
            arrays = new NDArray[size];
            numbers = new double[size][];
        }

        /** Waits for all, and lets others have their turn meanwhile. */
        void await() {
            requireWhole();
            long own = round;
            if (++arrived == arrays.length) {
                arrived = 0;
                round++;
                news.signalAll();
                return;
            }
            boolean isCollecting = COLLECTING.getAndSet(false); // the others may
            try {
                waitFor(own);
            } finally {
                COLLECTING.set(isCollecting);
            }
        }

        private void waitFor(long own) {
            while (round == own) {
                try {
                    if (!news.await(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                        broken = true;
                    }
                } catch (InterruptedException e) {
                    broken = true;
                }
                if (round == own) {
                    requireWhole();
                }
            }
        }

        void requireWhole() {
            if (broken) {
                throw new LeftAlone();
            }
        }
    }

    /** What a rank does. */
    @FunctionalInterface
    public interface Work<T> {

        T of(Collectives collectives) throws Exception;
    }

    private final Meeting meeting;
    private final int rank;

    private TurnCollectives(Meeting meeting, int rank) {
        this.meeting = meeting;
        this.rank = rank;
    }

    /**
     * What a rank ended with.
     *
     * @param <T> what it gives
     */
    public record Ended<T>(T result, Optional<Throwable> failure) {}

    /** Runs ranks to their ends, however these are. */
    public static <T> List<Ended<T>> tryAll(int size, Work<T> work) {
        Engine.getInstance(); // not by a rank: DJL keeps the thread that starts it from recording gradients, and tests rely on that
        Meeting meeting = new Meeting(size);
        List<CompletableFuture<Ended<T>>> all = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            TurnCollectives own = new TurnCollectives(meeting, rank);
            CompletableFuture<Ended<T>> ended = new CompletableFuture<>();
            all.add(ended);
            new Thread(() -> ended.complete(own.ended(work)), "rank " + rank).start();
        }
        return all.stream().map(CompletableFuture::join).toList();
    }

    private <T> Ended<T> ended(Work<T> work) {
        meeting.turn.lock();
        try {
            return new Ended<>(work.of(this), Optional.empty());
        } catch (Throwable e) {
            abort();
            return new Ended<>(null, Optional.of(e));
        } finally {
            meeting.turn.unlock();
        }
    }

    /** Runs ranks to their ends; the first failure of one that did not just wait for others is thrown. */
    public static <T> List<T> run(int size, Work<T> work) throws Exception {
        List<Ended<T>> all = tryAll(size, work);
        List<Throwable> failures = all.stream().flatMap(ended -> ended.failure.stream()).toList();
        Optional<Throwable> failure = failures.stream().filter(each -> !(each instanceof LeftAlone)).findFirst()
                .or(() -> failures.stream().findFirst());
        if (failure.isPresent()) {
            if (failure.get() instanceof Error error) {
                throw error;
            }
            throw (Exception) failure.get();
        }
        List<T> results = new ArrayList<>();
        all.forEach(ended -> results.add(ended.result));
        return results;
    }

    /** Another rank failed. */
    public static final class LeftAlone extends IllegalStateException {

        private static final long serialVersionUID = 1L;

        LeftAlone() {
            super("another rank is gone");
        }
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public int size() {
        return meeting.arrays.length;
    }

    @Override
    public void barrier() {
        meeting.await();
    }

    @Override
    public void allReduce(NDArray values) {
        meet(values, () -> set(values, meeting.sum));
    }

    @Override
    public void reduceScatter(NDArray values) {
        meet(values, () -> {
            try (NDArray own = part(values, rank); NDArray sums = part(meeting.sum, rank)) {
                set(own, sums);
            }
        });
    }

    /** Sums all; what each takes of it is its own. */
    private void meet(NDArray values, Runnable take) {
        try (NoGradient copying = new NoGradient()) {
            meeting.arrays[rank] = values;
            barrier();
            if (rank == 0) {
                meeting.sum = meeting.arrays[0].duplicate();
                for (int other = 1; other < size(); other++) {
                    meeting.sum.addi(meeting.arrays[other]);
                }
            }
            barrier();
            take.run();
            barrier();
            if (rank == 0) {
                meeting.sum.close();
            }
        }
    }

    @Override
    public void allGather(NDArray values) {
        try (NoGradient copying = new NoGradient()) {
            meeting.arrays[rank] = values;
            barrier();
            for (int other = 0; other < size(); other++) {
                if (other != rank) {
                    try (NDArray here = part(values, other); NDArray there = part(meeting.arrays[other], other)) {
                        set(here, there);
                    }
                }
            }
            barrier();
        }
    }

    @Override
    public void broadcast(NDArray values, int root) {
        try (NoGradient copying = new NoGradient()) {
            meeting.arrays[rank] = values;
            barrier();
            if (rank != root) {
                set(values, meeting.arrays[root]);
            }
            barrier();
        }
    }

    @Override
    public double[] sum(double... values) {
        meeting.numbers[rank] = values.clone();
        barrier();
        double[] sums = new double[values.length];
        for (double[] numbers : meeting.numbers) {
            if (numbers.length != values.length) {
                throw new IllegalStateException("ranks sum other numbers: " + numbers.length + " and " + values.length);
            }
            for (int i = 0; i < sums.length; i++) {
                sums[i] += numbers[i];
            }
        }
        barrier();
        return sums;
    }

    private NDArray part(NDArray values, int of) {
        if (values.size() % size() != 0) {
            throw new IllegalArgumentException(size() + " ranks cannot share " + values.size() + " elements");
        }
        long elements = values.size() / size();
        return values.get(new NDIndex("{}:{}", of * elements, (of + 1) * elements));
    }

    private static void set(NDArray to, NDArray from) {
        to.set(new NDIndex(":"), from);
    }

    @Override
    public void abort() {
        meeting.turn.lock();
        try {
            meeting.broken = true;
            meeting.news.signalAll();
        } finally {
            meeting.turn.unlock();
        }
    }

    @Override
    public void close() {
        // threads end by themselves
    }
}
