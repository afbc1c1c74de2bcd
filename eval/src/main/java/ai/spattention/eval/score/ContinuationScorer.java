package ai.spattention.eval.score;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.tokenizer.SpecialTokens;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.olmoe.tokenizer.Tokenizers;
import ai.spattention.torch.DeviceSupport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Tells how likely a model finds continuations of texts, by the conventions of lm-evaluation-harness.
 *
 * <pre>{@code
 * try (ContinuationScorer scorer = ContinuationScorer.load(Path.of("runs/quickstart/model"), Device.cpu())) {
 *     List<Score> scores = scorer.score(List.of(
 *             new ContinuationScorer.Request("The capital of France is", " Paris"),
 *             new ContinuationScorer.Request("The capital of France is", " Rome")));
 *     System.out.println(scores.get(0).logLikelihood() > scores.get(1).logLikelihood());
 * }
 * }</pre>
 *
 * <p>Requests go through the model many at a time, and what several of one context share is read once; each gets the result that
 * it would get alone, up to the rounding of float32. Not safe for use by several threads at once.
 */
public final class ContinuationScorer implements AutoCloseable {

    private static final long BATCH_TOKENS = 4096;

    private final NDManager manager;
    private final Tokenizer tokenizer;
    private final RequestEncoder encoder;
    private final DirectScorer scorer;

    /**
     * A question to the model.
     *
     * @param context the text before; if it is empty, a text begins
     * @param continuation the text that is scored, with the space before it
     */
    public record Request(String context, String continuation) {}

    private ContinuationScorer(NDManager manager, OlmoeModel model, Tokenizer tokenizer, SpecialTokens special) {
        this.manager = manager;
        this.tokenizer = tokenizer;
        encoder = new RequestEncoder(tokenizer, PrefixToken.of(special, tokenizer), model.getConfig().maxPositionEmbeddings());
        scorer = new DirectScorer(new LogLikelihoods(model, manager, BATCH_TOKENS, true), Part.WHOLE, () -> false);
    }

    /**
     * Loads a model.
     *
     * @param folder a folder in Hugging Face's format, with its tokenizer
     * @param device where to compute
     * @return the scorer; closing it frees the model
     * @throws InvalidInputException if the folder is no model, its tokenizer has no token that begins or ends a text, or the device
     *     is not there
     * @throws IOException if reading fails
     */
    public static ContinuationScorer load(Path folder, Device device) throws IOException {
        DeviceSupport.requirePresent(device);
        Tokenizer tokenizer = Tokenizers.load(folder, null);
        NDManager manager = NDManager.newBaseManager(device, "PyTorch");
        try {
            return new ContinuationScorer(manager, HuggingFaceFolder.load(folder, manager), tokenizer, SpecialTokens.read(folder));
        } catch (IOException | RuntimeException e) {
            manager.close();
            tokenizer.close();
            throw e;
        }
    }

    /**
     * Scores continuations. A context that is too long for the model loses its beginning.
     *
     * @param requests the requests
     * @return as many scores, in the requests' order
     * @throws InvalidInputException if a continuation has no token of its own, or more than the model reads
     */
    public List<Score> score(List<Request> requests) {
        Map<String, Long> groups = new HashMap<>();
        List<TargetTokens> tokens = new ArrayList<>();
        for (Request request : requests) {
            long group = groups.computeIfAbsent(request.context(), context -> (long) groups.size());
            tokens.add(encoder.encode(new LogLikelihoodRequest("request " + tokens.size(), group, request.context(),
                    request.continuation())));
        }
        return scorer.score("requests", tokens);
    }

    @Override
    public void close() {
        manager.close();
        tokenizer.close();
    }
}
