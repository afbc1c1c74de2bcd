package ai.spattention.eval.session;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.Limit;
import ai.spattention.olmoe.config.OlmoeConfig;

/**
 * How to score.
 *
 * @param limit how many rows of a task, or requests, are scored
 * @param shots examples before each question, at least 0
 * @param batchTokens the most tokens that go through the model together, at least 1
 * @param maxLength the most tokens that the model reads; null for the model's own limit
 * @param prefixReuse whether what requests share is read once
 */
public record ScoringSettings(Limit limit, int shots, long batchTokens, Integer maxLength, boolean prefixReuse) {

    /**
     * The most tokens that a model reads.
     *
     * @param model the model's configuration
     * @return tokens
     * @throws InvalidInputException if more is asked for than the model can read, or less than 1
     */
    public int maxLength(OlmoeConfig model) {
        int most = model.maxPositionEmbeddings();
        if (maxLength != null && (maxLength < 1 || maxLength > most)) {
            throw new InvalidInputException("--max-length must lie in [1, " + most + "], the model's own limit (got " + maxLength + ")");
        }
        return maxLength == null ? most : maxLength;
    }
}
