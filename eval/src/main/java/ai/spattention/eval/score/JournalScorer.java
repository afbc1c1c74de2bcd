package ai.spattention.eval.score;

import ai.spattention.common.InvalidInputException;
import java.util.List;
import java.util.Objects;

/** Answers requests from a journal that has all scores, and asks no model. */
public final class JournalScorer implements Scorer {

    private final ScoreJournal journal;

    /**
     * Creates the scorer.
     *
     * @param journal has the scores
     */
    public JournalScorer(ScoreJournal journal) {
        this.journal = journal;
    }

    /**
     * Finds scores.
     *
     * @throws InvalidInputException if one is not there
     */
    @Override
    public List<Score> score(String what, List<TargetTokens> requests) {
        List<Score> scores = requests.stream().map(journal::find).filter(Objects::nonNull).toList();
        if (scores.size() < requests.size()) {
            throw new InvalidInputException("the parts hold scores of " + scores.size() + " of the " + requests.size() + " requests of " + what
                    + ": they were computed with other tasks, data or limits, or are damaged; compute them with the same ones, with --overwrite");
        }
        return scores;
    }
}
