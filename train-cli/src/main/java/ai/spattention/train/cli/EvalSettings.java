package ai.spattention.train.cli;

import ai.spattention.eval.Limit;
import java.nio.file.Path;

/**
 * How to score.
 *
 * @param output the file that gets the results
 * @param samples the file that gets every request, or null
 * @param limit how many rows of a task, or requests, are scored
 * @param shots examples before each question
 * @param batchTokens the most tokens that go through the model together
 * @param maxLength the most tokens that the model reads; null for the model's own limit
 * @param prefixReuse whether what requests share is read once
 * @param resume whether to go on where a run was killed
 */
record EvalSettings(Path output, Path samples, Limit limit, int shots, long batchTokens, Integer maxLength, boolean prefixReuse,
        boolean resume) {

    /** Where scores are kept until the results are complete. */
    Path journal() {
        return output.resolveSibling(output.getFileName() + ".progress");
    }
}
