package ai.spattention.train.metrics;

import ai.spattention.InvalidInputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

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
        JsonLines.read(file, json -> {
            StepMetrics metrics = StepMetricsJson.read(json);
            if (!steps.isEmpty() && metrics.step() <= steps.get(steps.size() - 1).step()) {
                throw new InvalidInputException("step " + metrics.step() + " comes after step "
                        + steps.get(steps.size() - 1).step() + ": steps must grow");
            }
            return steps.add(metrics);
        });
        return steps;
    }
}
