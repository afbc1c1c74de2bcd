package ai.spattention.train.metrics;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Reads {@code metrics.jsonl}, of a run that ended or of one that still writes. */
public final class MetricsReader {

    private MetricsReader() {}

    /**
     * Reads all steps. A cut last line is left out, and so are keys that this version does not know.
     *
     * @param file the file
     * @return the steps in their order
     * @throws InvalidInputException if a line is not a step's metrics, or does not come after the line before
     * @throws IOException if the file cannot be read
     */
    public static List<StepMetrics> read(Path file) throws IOException {
        List<StepMetrics> steps = new ArrayList<>();
        JsonLines.read(file, inOrder(steps::add));
        return steps;
    }

    /**
     * Hands on the steps one by one, so that a file may be larger than memory. Lines that are damaged, or do not come after
     * the step before, are left out.
     *
     * @param file the file
     * @param steps gets the steps in their order
     * @param complaints gets one line of text for each line left out: where it is and what is wrong with it
     * @throws IOException if the file cannot be read
     */
    public static void readUsable(Path file, Consumer<StepMetrics> steps, Consumer<String> complaints) throws IOException {
        JsonLines.readUsable(file, inOrder(steps), complaints);
    }

    private static JsonLines.Visitor inOrder(Consumer<StepMetrics> steps) {
        long[] last = {0};
        return json -> {
            StepMetrics metrics = StepMetricsJson.read(json).build();
            if (metrics.step() <= last[0]) {
                throw new InvalidInputException("step " + metrics.step() + " comes after step " + last[0]
                        + ": steps must grow");
            }
            last[0] = metrics.step();
            steps.accept(metrics);
            return true;
        };
    }
}
