package ai.spattention.train.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.common.InvalidInputException;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a metrics.jsonl holds, it is read or refused; its usable lines are read in any case. */
class MetricsFuzzTest {

    @TempDir
    static Path folder;

    @FuzzTest(maxDuration = "1m")
    void anyFileIsReadOrRefused(byte[] content) throws IOException {
        Path file = Files.write(folder.resolve("metrics.jsonl"), content);
        List<StepMetrics> usable = new ArrayList<>();
        List<String> complaints = new ArrayList<>();
        MetricsReader.readUsable(file, usable::add, complaints::add);
        try {
            assertEquals(usable, MetricsReader.read(file));
        } catch (InvalidInputException e) {
            assertEquals(complaints.get(0), e.getMessage());
        }
        MetricsWriter.resume(file, Long.MAX_VALUE, note -> { }).close();
        assertEquals(usable, MetricsReader.read(file), "what can be read stays, and nothing else");
    }
}
