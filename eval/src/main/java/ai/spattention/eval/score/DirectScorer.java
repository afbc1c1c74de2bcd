package ai.spattention.eval.score;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/** Asks a model for every request, or for a part of them, and keeps nothing. */
public final class DirectScorer implements Scorer {

    private final LogLikelihoods model;
    private final Part part;
    private final BooleanSupplier stop;
    private long batches;

    /**
     * Creates the scorer.
     *
     * @param model answers
     * @param part which of the batches to ask for; the requests of others get a log-likelihood of 0, not greedy
     * @param stop asked after every batch whether to end the scoring
     */
    public DirectScorer(LogLikelihoods model, Part part, BooleanSupplier stop) {
        this.model = model;
        this.part = part;
        this.stop = stop;
    }

    /**
     * Scores requests.
     *
     * @throws CancellationException if it was asked to end
     */
    @Override
    public List<Score> score(String what, List<TargetTokens> requests) {
        Score[] scores = new Score[requests.size()];
        Arrays.fill(scores, Score.OF_ANOTHER_PART);
        for (Batch batch : model.plan(requests)) {
            if (part.has(batches++)) {
                List<Score> found = model.score(requests, batch);
                for (int i = 0; i < found.size(); i++) {
                    scores[batch.members().get(i)] = found.get(i);
                }
                if (stop.getAsBoolean()) {
                    throw new CancellationException("scoring was stopped");
                }
            }
        }
        return Arrays.asList(scores);
    }
}
