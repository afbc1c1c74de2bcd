package ai.spattention.eval.score;

/**
 * What a model says to a request.
 *
 * @param logLikelihood the sum of the targets' log-probabilities, in nats
 * @param greedy whether each target is the likeliest token at its place
 */
public record Score(double logLikelihood, boolean greedy) {

    /** Stands for the scores that are other parts' to compute. */
    static final Score OF_ANOTHER_PART = new Score(0, false);
}
