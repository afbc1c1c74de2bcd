package ai.spattention.eval.score;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;

/**
 * Asks a model what is not known yet, and keeps its answers in a journal batch by batch. Of requests with the same tokens the first batch that
 * has one answers for all, so that a score does not depend on how many copies of the model compute, in which order, or after which kill.
 */
public final class KeepingScorer implements Scorer {

    private final ModelCopies model;
    private final Part part;
    private final ScoreJournal journal;
    private final Progress progress;
    private final Set<String> asked = new HashSet<>();
    private long batches;
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
     * @param copies answer: one model, once for each device
     * @param part which of the batches to ask for; the requests of others get a score that means nothing
     * @param journal keeps
     * @param progress shows all copies' work together
     */
    public KeepingScorer(List<LogLikelihoods> copies, Part part, ScoreJournal journal, Progress progress) {
        model = new ModelCopies(copies);
        this.part = part;
        this.journal = journal;
        this.progress = progress;
    }

    @Override
    public List<Score> score(String what, List<TargetTokens> requests) throws IOException {
        long start = System.nanoTime();
        Work work = new Work(requests);
        long before = work.done;
        try (Progress.Shown shown = progress.start(what, before, work.total)) {
            model.score(requests, work.left, (members, scores) -> {
                try {
                    work.keep(members, scores);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                shown.accept(work.done);
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        nanos += System.nanoTime() - start;
        computed += work.done - before;
        return requests.stream().map(this::find).toList();
    }

    private Score find(TargetTokens request) {
        Score score = journal.find(request);
        return score == null && !part.isWhole() ? Score.OF_ANOTHER_PART : score;
    }

    /**
     * What one call computes. A batch is scored whole or not at all, so that it is the same whether a run was killed on the way or not: its
     * other members change the last digits of a score.
     */
    private final class Work {

        private final List<TargetTokens> requests;
        private final List<Batch> left = new ArrayList<>();
        private final int[] times; // for how many requests the score of one stands
        private long done;
        private long total;

        Work(List<TargetTokens> requests) {
            this.requests = requests;
            times = new int[requests.size()];
            List<String> keys = requests.stream().map(TargetTokens::key).toList();
            Map<String, Integer> firstOf = new HashMap<>();
            for (Batch batch : model.plan(requests)) {
                boolean isOurs = part.has(batches++);
                boolean isWanted = false;
                for (int member : batch.members()) {
                    if (asked.add(keys.get(member)) && isOurs) {
                        firstOf.put(keys.get(member), member);
                        isWanted |= journal.find(requests.get(member)) == null;
                    }
                }
                if (isWanted) {
                    left.add(batch);
                }
            }
            for (int i = 0; i < times.length; i++) {
                Integer first = firstOf.get(keys.get(i));
                if (first != null) {
                    times[first]++;
                    total++;
                    done += journal.find(requests.get(first)) == null ? 0 : 1;
                }
            }
        }

        void keep(List<Integer> members, List<Score> scores) throws IOException {
            for (int i = 0; i < scores.size(); i++) {
                int member = members.get(i);
                if (times[member] > 0 && journal.find(requests.get(member)) == null) {
                    journal.add(requests.get(member), scores.get(i));
                    done += times[member];
                }
            }
            journal.flush();
        }
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
