package ai.spattention.eval.score;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.LongConsumer;

/** Asks a model what is not known yet, and keeps its answers in a journal batch by batch. */
public final class KeepingScorer implements Scorer {

    private final LogLikelihoods model;
    private final ScoreJournal journal;
    private final Progress progress;
    private long computed;
    private long nanos;

    /** Shows how far it has come. */
    @FunctionalInterface
    public interface Progress {

        /** Shows nothing. */
        Progress NONE = (what, done, total) -> new Shown() {
            @Override
            public void accept(long now) {}

            @Override
            public void close() {}
        };

        /**
         * Starts to show.
         *
         * @param what what is scored
         * @param done requests that are known already
         * @param total all requests
         * @return gets the number of requests done, from time to time; closed at the end
         */
        Shown start(String what, long done, long total);

        /** What is shown. */
        interface Shown extends LongConsumer, AutoCloseable {

            @Override
            void close();
        }
    }

    /**
     * Creates the scorer.
     *
     * @param model answers
     * @param journal keeps
     * @param progress shows
     */
    public KeepingScorer(LogLikelihoods model, ScoreJournal journal, Progress progress) {
        this.model = model;
        this.journal = journal;
        this.progress = progress;
    }

    @Override
    public List<Score> score(String what, List<TargetTokens> requests) throws IOException {
        BitSet done = new BitSet(requests.size());
        for (int i = 0; i < requests.size(); i++) {
            done.set(i, journal.find(requests.get(i)) != null);
        }
        int before = done.cardinality();
        long start = System.nanoTime();
        try (Progress.Shown shown = progress.start(what, before, requests.size())) {
            // a batch is scored whole or not at all, so that it is the same whether a run was killed on the way or not: its other
            // members change the last digits of a score
            model.score(requests, batch -> batch.stream().anyMatch(index -> journal.find(requests.get(index)) == null),
                    (indices, found) -> {
                        try {
                            for (int i = 0; i < found.size(); i++) {
                                done.set(indices.get(i));
                                journal.add(requests.get(indices.get(i)), found.get(i));
                            }
                            journal.flush();
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                        shown.accept(done.cardinality());
                    });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        nanos += System.nanoTime() - start;
        computed += done.cardinality() - before;
        return requests.stream().map(journal::find).toList();
    }

    /**
     * How fast it was.
     *
     * @return a line for people: requests that went through the model, seconds, and what shared beginnings saved; empty if all
     *     was known
     */
    public Optional<String> speed() {
        double seconds = nanos / 1e9;
        return computed == 0 ? Optional.empty() : Optional.of(String.format(Locale.ROOT,
                "%d requests in %.1f s: %.0f requests/s; %d tokens read, %.0f%% less than one by one", computed, seconds,
                computed / seconds, model.tokensRead(), 100 - 100.0 * model.tokensRead() / model.tokensAsked()));
    }

    /** Requests that went through the model. */
    long computed() {
        return computed;
    }
}
