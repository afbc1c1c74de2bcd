package ai.spattention.train.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsSummaryTest {

    @TempDir
    private Path folder;

    private final List<String> complaints = new ArrayList<>();

    private Path write(StepMetrics... steps) throws IOException {
        Path file = folder.resolve("metrics.jsonl");
        try (MetricsWriter writer = MetricsWriter.create(file)) {
            for (StepMetrics step : steps) {
                writer.write(step);
            }
        }
        return file;
    }

    private static StepMetrics.Builder metrics(long step) {
        return StepMetrics.builder().setStep(step).setTokens(10 * step).setTimeSeconds(1).setLosses(step, 0, 0)
                .setGradientNorm(1).setLearningRate(1).setTokensPerSecond(1);
    }

    @Test
    void findsTheLastStepAndTheLastValidation() throws IOException {
        Path file = write(metrics(1).optValidationLoss(9).build(), metrics(2).optValidationLoss(8).build(), metrics(3).build());
        Files.writeString(file, "{\"step\":4,\"tok", StandardOpenOption.APPEND); // a killed run's last line
        MetricsSummary summary = MetricsSummary.read(file, complaints::add).orElseThrow();
        assertEquals(3, summary.last().step());
        assertEquals(2, summary.lastValidated().orElseThrow().step());
        assertEquals(8, summary.lastValidated().orElseThrow().validationLoss().getAsDouble());
    }

    @Test
    void findsTheLastScoredTasks() throws IOException {
        Path file = write(metrics(1).optTaskScores(Map.of("piqa", Map.of("acc", 0.5))).build(), metrics(2).build());
        assertEquals(1, MetricsSummary.read(file, complaints::add).orElseThrow().lastScored().orElseThrow().step());
    }

    @Test
    void knowsThatNothingWasMeasured() throws IOException {
        assertTrue(MetricsSummary.read(write(), complaints::add).isEmpty());
        Files.delete(folder.resolve("metrics.jsonl"));
        assertTrue(MetricsSummary.read(write(metrics(1).build()), complaints::add).orElseThrow().lastValidated().isEmpty());
    }

    @Test
    void tellsOfADamagedLineAndLeavesItOut() throws IOException {
        Path file = write(metrics(1).build());
        Files.writeString(file, "{\"step\":0}\n", StandardOpenOption.APPEND);
        assertEquals(1, MetricsSummary.read(file, complaints::add).orElseThrow().last().step());
        assertEquals(1, complaints.size());
        assertTrue(complaints.get(0).startsWith(file + ":2: step must be"), complaints.get(0));
    }
}
