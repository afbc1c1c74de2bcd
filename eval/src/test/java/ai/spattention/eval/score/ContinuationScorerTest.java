package ai.spattention.eval.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.score.ContinuationScorer.Request;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContinuationScorerTest {

    @TempDir
    private Path folder;

    @Test
    void scoresAreTheModelsLogProbabilities() throws Exception {
        try (SmallModel small = new SmallModel(StandardPattern.SP, LayoutLength.of(256))) {
            HuggingFaceFolder.save(small.model(), folder, TensorType.F32, HuggingFaceFolder.DEFAULT_SHARD_BYTES);
            Files.writeString(folder.resolve("tokenizer.json"), new ByteTokenizer().toJson());
            List<Request> requests = List.of(new Request("a question", " yes"), new Request("b", "c"),
                    new Request("a question", " no"), new Request("", "text"));
            try (ContinuationScorer scorer = ContinuationScorer.load(folder, Device.cpu())) {
                List<Score> scores = scorer.score(requests);
                for (int i = 0; i < requests.size(); i++) {
                    assertEquals(logLikelihood(small, requests.get(i)), scores.get(i).logLikelihood(), 1e-4, "request " + i);
                }
                String context = IntStream.rangeClosed('a', 'z').mapToObj(Character::toString)
                        .filter(letter -> likeliest(small, letter) < 128).findFirst().orElseThrow(); // one byte is one character
                String greedy = Character.toString(likeliest(small, context));
                assertEquals(true, scorer.score(List.of(new Request(context, greedy))).get(0).greedy());
                assertEquals(List.of(), scorer.score(List.of()));
                assertEquals("request 1 has an empty continuation: '' adds no token to its context, which ends in 'b'",
                        assertThrows(InvalidInputException.class,
                                () -> scorer.score(List.of(new Request("b", "c"), new Request("b", "")))).getMessage());
            }
        }
    }

    private static long[] ids(String text) {
        return Arrays.stream(new ByteTokenizer().encode(text)).asLongStream().toArray();
    }

    private static NDArray logProbabilities(SmallModel small, long[] ids) {
        NDArray input = small.manager().create(ids, new Shape(1, ids.length));
        return small.model().forward(new ParameterStore(small.manager(), false), input, false).logits().logSoftmax(-1);
    }

    private static double logLikelihood(SmallModel small, Request request) {
        long[] before = request.context().isEmpty() ? new long[] {ByteTokenizer.EOS} : ids(request.context());
        long[] targets = ids(request.continuation());
        long[] all = Arrays.copyOf(before, before.length + targets.length);
        System.arraycopy(targets, 0, all, before.length, targets.length);
        NDArray predictions = logProbabilities(small, all);
        double sum = 0;
        for (int i = 0; i < targets.length; i++) {
            sum += predictions.getFloat(0, before.length + i - 1, targets[i]);
        }
        return sum;
    }

    /** With this model's seed, a byte that is a character of its own. */
    private static int likeliest(SmallModel small, String context) {
        float[] next = logProbabilities(small, ids(context)).get("0, -1").toFloatArray();
        int best = 0;
        for (int id = 1; id < next.length; id++) {
            best = next[id] > next[best] ? id : best;
        }
        return best;
    }
}
