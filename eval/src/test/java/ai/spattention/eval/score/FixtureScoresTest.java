package ai.spattention.eval.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.eval.SharedFiles;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Log-likelihoods as Hugging Face transformers gave them, each sequence on its own. */
class FixtureScoresTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @ParameterizedTest(name = "{0} {2}, batches of {3} tokens, shared beginnings {4}")
    @CsvSource({
        "arc_easy, rc_0shot, causal, 4096, true", "arc_easy, rc_0shot, sp, 4096, true",
        "piqa, rc_0shot, causal, 4096, true", "piqa, rc_0shot, sp, 4096, true",
        "winogrande, rc_0shot, causal, 4096, true", "winogrande, rc_0shot, sp, 4096, true",
        "hellaswag, rc_5shot, causal, 4096, true", "hellaswag, rc_5shot, sp, 4096, true",
        "arc_easy, rc_0shot, causal, 1, false", "arc_easy, rc_0shot, sp, 1, false"})
    void equalsTransformers(String task, String shots, String pattern, int batchTokens, boolean share) throws IOException {
        Map<String, JsonNode> expected = new LinkedHashMap<>();
        String name = task + (shots.equals("rc_5shot") ? "_5shot" : "") + "." + pattern + ".jsonl";
        for (String line : Files.readAllLines(SharedFiles.find("fixtures/tiny-eval/" + name))) {
            JsonNode each = JSON.readTree(line);
            expected.put(each.get("doc_id") + " " + each.get("idx"), each);
        }
        try (TinyEval tiny = new TinyEval(StandardPattern.of(pattern), LayoutLength.SEQUENCE)) {
            List<LogLikelihoodRequest> requests = new ArrayList<>();
            List<JsonNode> wanted = new ArrayList<>();
            try (BufferedReader lines = new BufferedReader(new InputStreamReader(new GZIPInputStream(Files.newInputStream(
                    SharedFiles.find("data/requests/" + task + "." + shots + ".jsonl.gz"))), StandardCharsets.UTF_8))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    JsonNode each = JSON.readTree(line);
                    String key = each.get("doc_id") + " " + each.get("idx");
                    if (expected.containsKey(key)) {
                        wanted.add(expected.remove(key));
                        requests.add(new LogLikelihoodRequest(key, each.get("doc_id").asLong(),
                                each.get("request").get("context").asText(), each.get("request").get("continuation").asText()));
                    }
                }
            }
            assertTrue(expected.isEmpty(), expected.toString());
            List<TargetTokens> tokens = tiny.encode(requests);
            List<Score> scores = tiny.score(tokens, batchTokens, share);
            for (int i = 0; i < scores.size(); i++) {
                String message = requests.get(i).name();
                assertEquals(wanted.get(i).get("input_tokens").intValue(), tokens.get(i).input().length, message);
                assertEquals(wanted.get(i).get("continuation_tokens").intValue(), tokens.get(i).targets().length, message);
                assertEquals(wanted.get(i).get("loglikelihood").doubleValue(), scores.get(i).logLikelihood(), 2e-3, message);
                assertEquals(wanted.get(i).get("is_greedy").booleanValue(), scores.get(i).greedy(), message);
            }
        }
    }
}
