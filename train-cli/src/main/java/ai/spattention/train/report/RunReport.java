package ai.spattention.train.report;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.OutputFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A page of HTML about one run, or one that compares several: curves, experts, attention and samples of text. The page
 * loads nothing from elsewhere and runs no scripts.
 */
public final class RunReport {

    /** The report's name in a run's folder. */
    public static final String FILE_NAME = "report.html";

    private RunReport() {}

    /**
     * Writes a page about runs, finished or not. In their folders are read: metrics.jsonl, which is required; config.yaml,
     * samples.jsonl, versions.json, failure.txt and model/config.json where they are there. What is missing or damaged is noted on the
     * page.
     *
     * @param folders one run's folder, or those of several runs to compare
     * @param output the page, replaced if it exists
     * @throws InvalidInputException if a folder holds no step of a run, or the page cannot be written for a reason that a
     *     person can mend
     * @throws IOException if reading or writing fails otherwise
     */
    public static void write(List<Path> folders, Path output) throws IOException {
        if (folders.isEmpty()) {
            throw new IllegalArgumentException("a report needs at least one run");
        }
        if (Files.isDirectory(output)) {
            throw new InvalidInputException(output + " is a folder: --output must name a file, for example "
                    + output.resolve(FILE_NAME));
        }
        List<RunData> runs = new ArrayList<>();
        for (Path folder : folders) {
            if (!Files.exists(folder.resolve("metrics.jsonl"))) {
                throw new InvalidInputException(folder + " holds no metrics.jsonl: name the folder of a run, as train and"
                        + " quickstart write it");
            }
            RunData run = RunData.read(folder);
            if (run.curves().last().isEmpty()) {
                FailureFile.read(folder).ifPresent(reason -> {
                    throw new InvalidInputException(folder + " failed before its first step was done: " + reason);
                });
                throw new InvalidInputException(folder.resolve("metrics.jsonl") + " holds no whole step: wait for the run's"
                        + " first step, or name another run");
            }
            runs.add(run);
        }
        OutputFile.write(output, render(runs));
    }

    static String render(List<RunData> runs) {
        return runs.size() == 1 ? SingleRunPage.render(runs.get(0)) : ComparisonPage.render(runs);
    }
}
