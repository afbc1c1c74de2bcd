package ai.spattention.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.eval.data.DataFolder;
import ai.spattention.eval.metric.MetricName;
import ai.spattention.eval.report.TaskResult;
import ai.spattention.eval.score.TinyEval;
import ai.spattention.eval.task.TaskCatalog;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** From the data to the scores, as they were recorded elsewhere for the first 50 documents. */
class ExpectedScoresTest {

    @ParameterizedTest
    @CsvSource({"arc_easy, causal", "arc_easy, sp", "piqa, causal", "piqa, sp", "winogrande, causal", "winogrande, sp"})
    void equalsTheRecording(String task, String pattern) throws IOException {
        JsonNode expected = new ObjectMapper().readTree(SharedFiles.find("fixtures/tiny-eval/expected.json").toFile())
                .get("tasks").get(task).get(pattern);
        try (TinyEval tiny = new TinyEval(StandardPattern.of(pattern), LayoutLength.SEQUENCE)) {
            List<Sample> samples = new ArrayList<>();
            TaskRun run = new TaskRun(tiny.encoder(), (what, requests) -> tiny.score(requests, 2048, true), samples::add, new Limit(50), 0);
            TaskResult result = run.run(new TaskCatalog().find(task).tasks().get(0), DataFolder.open(SharedFiles.find("data/eval")));
            assertEquals(expected.get("acc").doubleValue(), result.metrics().get(MetricName.ACC).value(), 1e-12);
            assertEquals(expected.get("acc_norm").doubleValue(), result.metrics().get(MetricName.ACC_NORM).value(), 1e-12);
            assertEquals(50, result.samples());
            int count = 0;
            for (JsonNode row : expected.get("loglikelihoods")) {
                for (JsonNode value : row) {
                    assertEquals(value.doubleValue(), samples.get(count++).score().logLikelihood(), 2e-3);
                }
            }
            assertEquals(count, samples.size());
        }
    }
}
