package ai.spattention.eval.score;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.spattention.attention.auto.AutoKernel;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.olmoe.tokenizer.Tokenizers;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Log-likelihoods that Hugging Face transformers gave the golden model of olmoe-djl's tests, each sequence on its own: blanks between
 * context and continuation, no context, letters of several bytes, and more text than the model takes.
 */
class GoldenScoresTest {

    private static final Path GOLDEN =
            Path.of("..", "olmoe-djl", "src", "test", "resources", "ai", "spattention", "olmoe", "golden");

    @ParameterizedTest(name = "{0}, batches of {1} tokens, shared beginnings {2}")
    @CsvSource({"causal, 4096, true", "sp, 4096, true", "causal, 1, false", "sp, 100, true"})
    void equalsTransformers(String pattern, int batchTokens, boolean share) throws IOException {
        List<JsonNode> rows = new ArrayList<>();
        for (JsonNode row : new ObjectMapper().readTree(GOLDEN.resolve("scores.json").toFile())) {
            if (row.get("pattern").asText().equals(pattern)) {
                rows.add(row);
            }
        }
        List<Score> scores;
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch"); Tokenizer bytes = Tokenizers.load("bytes")) {
            OlmoeModel model = HuggingFaceFolder.load(GOLDEN, manager,
                    config -> config.withAttention(StandardPattern.of(pattern), LayoutLength.SEQUENCE),
                    options -> options.optKernel(new AutoKernel()));
            RequestEncoder encoder = new RequestEncoder(bytes, new PrefixToken(bytes.eosId().getAsInt(), null),
                    model.getConfig().maxPositionEmbeddings());
            List<TargetTokens> requests = new ArrayList<>();
            for (JsonNode row : rows) {
                requests.add(encoder.encode(new LogLikelihoodRequest("golden", requests.size(), row.get("context").asText(),
                        row.get("continuation").asText())));
            }
            scores = new DirectScorer(new LogLikelihoods(model, manager, batchTokens, share), Part.WHOLE, () -> false).score("golden", requests);
        }
        for (int i = 0; i < scores.size(); i++) {
            assertEquals(rows.get(i).get("log_likelihood").doubleValue(), scores.get(i).logLikelihood(), 2e-3, rows.get(i).toString());
            assertEquals(rows.get(i).get("greedy").booleanValue(), scores.get(i).greedy(), rows.get(i).toString());
        }
    }
}
