package ai.spattention.eval.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.spattention.eval.SharedFiles;
import ai.spattention.olmoe.config.LayerPatterns;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.Patterns;
import ai.spattention.pattern.StandardPattern;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The same number whatever goes through the model together. */
class BatchInvarianceTest {

    @ParameterizedTest(name = "{0}, layout {1}")
    @CsvSource(delimiter = '|', value = {"causal | sequence", "sp | sequence", "sp | 64", "exclusive | sequence", "longformer | sequence",
        "bigbird | 128", "reformer | sequence", "reformer | 64", "causal, sp | sequence", "longformer-dilated | 64", "bigbird-random | 64",
        "lsh:2:4 | sequence", "lsh:2:4 | 64", "causal, lsh:1:8 | 64"})
    void everyWayGivesWhatAWholeForwardPassGives(String pattern, String layout) {
        try (SmallModel small = new SmallModel(LayerPatterns.parse(pattern, Patterns.onClassPath()), LayoutLength.parse(layout))) {
            List<TargetTokens> requests = SmallModel.questions(60, 1);
            double[] expected = requests.stream().mapToDouble(request -> alone(small, request)).toArray();
            for (long batchTokens : new long[] {1, 100, 5000}) {
                for (boolean share : new boolean[] {false, true}) {
                    double difference = TinyEval.largestDifference(expected, small.score(requests, batchTokens, share));
                    assertTrue(difference < 1e-5, batchTokens + " " + share + " differs by " + difference);
                }
            }
        }
    }

    /** The definition: softmax over the logits of the whole sequence on its own. */
    private static double alone(SmallModel small, TargetTokens request) {
        int length = request.input().length;
        try (var scope = small.manager().newSubManager()) {
            NDArray ids = scope.create(Arrays.stream(request.input()).asLongStream().toArray(), new Shape(1, length));
            NDArray logits = small.model().forward(new ParameterStore(scope, false), ids, false).logits().logSoftmax(-1);
            double sum = 0;
            for (int i = 0; i < request.targets().length; i++) {
                sum += logits.getFloat(0, request.firstPosition() + i, request.targets()[i]);
            }
            return sum;
        }
    }

    @ParameterizedTest
    @CsvSource({"causal, true", "causal, false", "sp, true", "sp, false"})
    void oneAndThirtyTwoAgreeOnRealQuestions(String pattern, boolean share) throws IOException {
        List<LogLikelihoodRequest> requests = new ArrayList<>();
        for (String line : Files.readAllLines(SharedFiles.find("data/eval/arc_easy/validation.jsonl")).subList(0, 60)) {
            JsonNode row = new ObjectMapper().readTree(line);
            for (JsonNode choice : row.get("choices").get("text")) {
                requests.add(new LogLikelihoodRequest("r", line.hashCode(), "Question: " + row.get("question").asText()
                        + "\nAnswer:", " " + choice.asText()));
            }
        }
        try (TinyEval tiny = new TinyEval(StandardPattern.of(pattern), LayoutLength.SEQUENCE)) {
            List<TargetTokens> tokens = tiny.encode(requests);
            int longest = tokens.stream().mapToInt(each -> each.input().length).max().orElseThrow();
            List<Score> one = tiny.score(tokens, 1, share);
            List<Score> many = tiny.score(tokens, 32L * longest, share);
            assertTrue(TinyEval.largestDifference(TinyEval.values(one), TinyEval.values(many)) < 1e-5);
            assertEquals(one.stream().map(Score::greedy).toList(), many.stream().map(Score::greedy).toList());
        }
    }

    @Test
    void theLikeliestTokensAreGreedy() {
        try (SmallModel small = new SmallModel(StandardPattern.SP, LayoutLength.SEQUENCE);
                var scope = small.manager().newSubManager()) {
            int[] input = {5, 200, 7, 9};
            NDArray ids = scope.create(new long[] {5, 200, 7, 9}, new Shape(1, 4));
            long[] likeliest = small.model().forward(new ParameterStore(scope, false), ids, false).logits().argMax(-1).toLongArray();
            int[] greedy = {(int) likeliest[2], (int) likeliest[3]};
            LogLikelihoods model = new LogLikelihoods(small.model(), scope, 100, true);
            List<Score> scores = new DirectScorer(model, Part.WHOLE, () -> false).score("requests",
                    List.of(new TargetTokens(0, input, greedy), new TargetTokens(0, input, new int[] {greedy[0], 256 - greedy[1]})));
            assertEquals(List.of(true, false), scores.stream().map(Score::greedy).toList());
        }
    }
}
