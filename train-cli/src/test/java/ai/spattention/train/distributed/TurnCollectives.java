package ai.spattention.train.distributed;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.spattention.segment.NoGradient;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Ranks that are threads of one process; sums are made in the ranks' order. One runs at a time, until it waits for the others: DJL lets no
 * two threads collect gradients.
 */
public final class TurnCollectives implements Collectives {

    private static final int TIMEOUT_SECONDS = 300;

    /** What all ranks see. */
    private static final class Meeting {

        final ReentrantLock turn = new ReentrantLock(true);
        final CyclicBarrier barrier;
        final NDArray[] arrays;
        final double[][] numbers;
        NDArray sum;
        volatile boolean aborted;

        Meeting(int size) {
            barrier = new CyclicBarrier(size);
            arrays = new NDArray[size];
            numbers = new double[size][];
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

    /** Runs ranks to their ends; the first failure of one that did not just wait for others is thrown. */
    public static <T> List<T> run(int size, Work<T> work) throws Exception {
        Meeting meeting = new Meeting(size);
        ExecutorService threads = Executors.newFixedThreadPool(size);
        try {
            List<Future<T>> futures = new ArrayList<>();
            for (int rank = 0; rank < size; rank++) {
                TurnCollectives own = new TurnCollectives(meeting, rank);
                futures.add(threads.submit((Callable<T>) () -> {
                    meeting.turn.lock();
                    try {
                        return work.of(own);
                    } catch (Throwable e) {
                        own.abort();
                        throw e;
                    } finally {
                        meeting.turn.unlock();
                    }
                }));
            }
            return results(futures);
        } finally {
            threads.shutdownNow();
            threads.awaitTermination(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        }
    }

    private static <T> List<T> results(List<Future<T>> futures) throws Exception {
        List<T> results = new ArrayList<>();
        Throwable failure = null;
        for (Future<T> future : futures) {
            try {
                results.add(future.get());
            } catch (ExecutionException e) {
                if (failure == null || failure instanceof LeftAlone) {
                    failure = e.getCause();
                }
            }
        }
        if (failure instanceof Error error) {
            throw error;
        } else if (failure != null) {
            throw (Exception) failure;
        }
        return results;
    }

    /** Another rank failed. */
    public static final class LeftAlone extends IllegalStateException {

        private static final long serialVersionUID = 1L;

        LeftAlone(Exception cause) {
            super("another rank is gone", cause);
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
        meeting.turn.unlock();
        try {
            if (meeting.aborted) {
                throw new BrokenBarrierException();
            }
            meeting.barrier.await(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
            throw new LeftAlone(e);
        } finally {
            meeting.turn.lock();
        }
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
        meeting.aborted = true;
        meeting.barrier.reset(); // whoever comes between the two lines finds the flag or is sent away
    }

    @Override
    public void close() {
        // threads end by themselves
    }
}
