package ai.spattention.train.metrics;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Where a run's metrics have come to.
 *
 * @param last the last step's metrics
 * @param lastValidated the metrics of the last step after which held-out text was scored, empty if there is none
 * @param lastScored the metrics of the last step after which benchmark tasks were scored, empty if there is none
 */
public record MetricsSummary(StepMetrics last, Optional<StepMetrics> lastValidated,
        Optional<StepMetrics> lastScored) {

    /**
     * Reads a file line by line, so that it may be larger than memory; damaged lines are left out.
     *
     * @param file the file
     * @param complaints gets one line of text for each line left out: where it is and what is wrong with it
     * @return the summary, empty if the file holds no step
     * @throws IOException if the file cannot be read
     */
    public static Optional<MetricsSummary> read(Path file, Consumer<String> complaints) throws IOException {
        StepMetrics[] last = new StepMetrics[3];
        MetricsReader.readUsable(file, step -> {
            last[0] = step;
            if (!last[0].heldOut().isEmpty()) {
                last[1] = last[0];
            }
            if (!last[0].taskScores().isEmpty()) {
                last[2] = last[0];
            }
        }, complaints);
        return Optional.ofNullable(last[0]).map(step ->
                new MetricsSummary(step, Optional.ofNullable(last[1]), Optional.ofNullable(last[2])));
    }
}
