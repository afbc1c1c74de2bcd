package ai.spattention.train.cli.session;

import ai.spattention.eval.score.JournalParts;
import ai.spattention.eval.score.Part;
import ai.spattention.eval.session.ScoringSettings;
import ai.spattention.olmoe.io.OutputFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How to score, and what becomes of the results.
 *
 * @param scoring how to score
 * @param output the file that gets the results; null if they are only printed
 * @param samples the file that gets every request, or null
 * @param resume whether to go on where a run was killed
 * @param part the part that is computed and kept, without results, to be merged with the others; empty if everything is
 */
public record EvalSettings(ScoringSettings scoring, Path output, Path samples, boolean resume, Optional<Part> part) {

    /**
     * Where scores are kept until the results, or the part's scores, are complete.
     *
     * @return the file; empty if the output is a device or a pipe, or there is none: then nothing can go on
     * @throws IOException if a link cannot be followed
     */
    public Optional<Path> journal() throws IOException {
        return output == null || OutputFile.of(output).isStream() ? Optional.empty() : Optional.of(journal(written()));
    }

    /**
     * The file that appears in the end.
     *
     * @return the output; of a part, its complete journal beside the output
     * @throws IOException if a link cannot be followed
     */
    public Path written() throws IOException {
        return part.isEmpty() ? output : JournalParts.file(OutputFile.of(output).path(), part.get());
    }

    /**
     * Where scores for an output would be kept: beside the file at the end of links, whatever name for it is given.
     *
     * @param output the output
     * @return the file
     * @throws IOException if a link cannot be followed
     */
    public static Path journal(Path output) throws IOException {
        Path file = OutputFile.of(output).path();
        return file.resolveSibling(file.getFileName() + ".progress");
    }
}
