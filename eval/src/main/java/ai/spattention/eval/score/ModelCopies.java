package ai.spattention.eval.score;

import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Copies of one model on several devices. Each takes the next batch when it is done with one; a single copy is used by the caller's thread,
 * several by one each.
 */
final class ModelCopies {

    private final List<LogLikelihoods> copies;

    /** Gets results as they come, in any order. */
    @FunctionalInterface
    interface Results {

        /**
         * Takes the results of one batch.
         *
         * @param members which requests they belong to
         * @param scores as many results
         */
        void add(List<Integer> members, List<Score> scores);
    }

    ModelCopies(List<LogLikelihoods> copies) {
        this.copies = List.copyOf(copies);
    }

    List<Batch> plan(List<TargetTokens> requests) {
        return copies.get(0).plan(requests);
    }

    /**
     * Computes batches. What ends one copy's work, a failure of its own or of who takes the results, ends the others' after the batches
     * that they are at, whose results are still given.
     *
     * @param results gets the results of one batch at a time
     */
    void score(List<TargetTokens> requests, List<Batch> batches, Results results) {
        Queue queue = new Queue(requests, batches.iterator(), results);
        int workers = Math.min(copies.size(), batches.size());
        if (workers <= 1) {
            queue.work(copies.get(0));
            return;
        }
        ExecutorService threads = Executors.newFixedThreadPool(workers);
        try {
            CompletableFuture.allOf(copies.subList(0, workers).stream()
                    .map(copy -> CompletableFuture.runAsync(() -> queue.work(copy), threads)).toArray(CompletableFuture[]::new)).join();
        } catch (CompletionException e) {
            throw queue.failure();
        } finally {
            threads.shutdown();
        }
    }

    long tokensRead() {
        return copies.stream().mapToLong(LogLikelihoods::tokensRead).sum();
    }

    long tokensAsked() {
        return copies.stream().mapToLong(LogLikelihoods::tokensAsked).sum();
    }

    /** The batches that are still to do, shared by the copies. */
    private static final class Queue {

        private final List<TargetTokens> requests;
        private final Iterator<Batch> left;
        private final Results results;
        private Throwable failure;

        Queue(List<TargetTokens> requests, Iterator<Batch> left, Results results) {
            this.requests = requests;
            this.left = left;
            this.results = results;
        }

        void work(LogLikelihoods copy) {
            try {
                for (Batch batch = next(); batch != null; batch = next()) {
                    add(batch, copy.score(requests, batch));
                }
            } catch (RuntimeException | Error e) {
                fail(e);
                throw e;
            }
        }

        private synchronized Batch next() {
            return failure == null && left.hasNext() ? left.next() : null;
        }

        private synchronized void add(Batch batch, List<Score> scores) {
            results.add(batch.members(), scores);
        }

        private synchronized void fail(Throwable e) {
            failure = failure == null ? e : failure;
        }

        /** What failed first. */
        synchronized RuntimeException failure() {
            if (failure instanceof Error error) {
                throw error;
            }
            return (RuntimeException) failure;
        }
    }
}
