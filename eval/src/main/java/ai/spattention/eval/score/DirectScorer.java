package ai.spattention.eval.score;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/** Asks a model for every request and keeps nothing. */
public final class DirectScorer implements Scorer {

    private final LogLikelihoods model;
    private final BooleanSupplier stop;

    /**
     * Creates the scorer.
     *
     * @param model answers
     * @param stop asked after every batch whether to end the scoring
     */
    public DirectScorer(LogLikelihoods model, BooleanSupplier stop) {
        this.model = model;
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
        model.score(requests, (indices, found) -> {
            for (int i = 0; i < found.size(); i++) {
                scores[indices.get(i)] = found.get(i);
            }
            if (stop.getAsBoolean()) {
                throw new CancellationException("scoring was stopped");
            }
        });
        return Arrays.asList(scores);
    }
}
