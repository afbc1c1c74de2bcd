package ai.spattention.train.cli.session;

import ai.spattention.eval.Limit;
import ai.spattention.olmoe.io.OutputFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

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
public record EvalSettings(Path output, Path samples, Limit limit, int shots, long batchTokens, Integer maxLength, boolean prefixReuse,
        boolean resume) {

    /** Where scores are kept until the results are complete; empty if the output is a device or a pipe: then nothing can go on. */
    public Optional<Path> journal() throws IOException {
        return OutputFile.of(output).isStream() ? Optional.empty() : Optional.of(journal(output));
    }

    /** Beside the file at the end of links, whatever name for it is given. */
    public static Path journal(Path output) throws IOException {
        Path file = OutputFile.of(output).path();
        return file.resolveSibling(file.getFileName() + ".progress");
    }
}
