package ai.spattention.train.distributed;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** Ranks that are threads of one process, for what knows no arrays: sums of numbers alone. A rank that ends early ends the others. */
public final class ThreadCollectives implements Collectives {

    private final Group group;
    private final int rank;
    private int meetings;
    private int most = Integer.MAX_VALUE;

    /** What a rank does. */
    @FunctionalInterface
    public interface Task<T> {

        T run(ThreadCollectives ranks) throws Exception;
    }

    /** What a rank ended with. */
    public record Ended<T>(Optional<T> result, Optional<Throwable> failure) {}

    /** What the ranks share. */
    private static final class Group {

        private final double[][] parts;
        private double[] sums;
        private int arrived;
        private long round;
        private boolean broken;

        Group(int size) {
            parts = new double[size][];
        }

        synchronized double[] sum(int rank, double[] values) {
            requireWhole();
            parts[rank] = values;
            long own = round;
            if (++arrived == parts.length) {
                sums = new double[values.length];
                for (double[] part : parts) {
                    Arrays.setAll(sums, i -> sums[i] + part[i]);
                }
                arrived = 0;
                round++;
                notifyAll();
            }
            while (round == own) {
                requireWhole();
                try {
                    wait();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
            return sums.clone();
        }

        private void requireWhole() {
            if (broken) {
                throw new IllegalStateException("another rank is gone");
            }
        }

        synchronized void breakUp() {
            broken = true;
            notifyAll();
        }
    }

    private ThreadCollectives(Group group, int rank) {
        this.group = group;
        this.rank = rank;
    }

    /** Runs a task on each of some ranks, and waits for all. */
    public static <T> List<Ended<T>> tryAll(int size, Task<T> task) {
        Group group = new Group(size);
        List<CompletableFuture<Ended<T>>> all = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            ThreadCollectives own = new ThreadCollectives(group, rank);
            CompletableFuture<Ended<T>> ended = new CompletableFuture<>();
            all.add(ended);
            new Thread(() -> {
                try {
                    ended.complete(new Ended<>(Optional.ofNullable(task.run(own)), Optional.empty()));
                } catch (Throwable e) {
                    group.breakUp();
                    ended.complete(new Ended<>(Optional.empty(), Optional.of(e)));
                }
            }, "rank " + rank).start();
        }
        return all.stream().map(CompletableFuture::join).toList();
    }

    /** The same where none may fail. */
    public static <T> List<T> onAll(int size, Task<T> task) {
        return tryAll(size, task).stream().map(ended -> {
            ended.failure.ifPresent(failure -> {
                throw new CompletionException(failure);
            });
            return ended.result.orElse(null);
        }).toList();
    }

    /** How often this rank has met the others. */
    public int meetings() {
        return meetings;
    }

    /** Ends this rank when it is about to meet the others once more than so often. */
    public void dieAfter(int value) {
        most = value;
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public int size() {
        return group.parts.length;
    }

    @Override
    public double[] sum(double... values) {
        if (meetings == most) {
            throw new IllegalStateException("killed");
        }
        meetings++;
        return group.sum(rank, values.clone());
    }

    @Override
    public void barrier() {
        sum();
    }

    @Override
    public void allReduce(NDArray values) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void reduceScatter(NDArray values) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void allGather(NDArray values) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void broadcast(NDArray values, int root) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void abort() {
        group.breakUp();
    }

    @Override
    public void close() {
        // nothing is open
    }
}
