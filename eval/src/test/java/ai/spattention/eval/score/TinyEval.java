package ai.spattention.eval.score;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.spattention.attention.auto.AutoKernel;
import ai.spattention.eval.SharedFiles;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.olmoe.tokenizer.Tokenizers;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The small model with the OLMo tokenizer whose log-likelihoods were recorded elsewhere. */
public final class TinyEval implements AutoCloseable {

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    private final OlmoeModel model;
    private final Tokenizer tokenizer;

    public TinyEval(StandardPattern pattern, LayoutLength layout) throws IOException {
        Path folder = SharedFiles.find("fixtures/tiny-eval");
        model = HuggingFaceFolder.load(folder, manager, config -> config.withAttention(pattern, layout), model -> model.optKernel(new AutoKernel()));
        tokenizer = Tokenizers.load(folder, null);
    }

    public OlmoeModel model() {
        return model;
    }

    public NDManager manager() {
        return manager;
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    public RequestEncoder encoder() {
        return encoder(model.getConfig().maxPositionEmbeddings());
    }

    public RequestEncoder encoder(int maxLength) {
        return new RequestEncoder(tokenizer, new PrefixToken(50279, null), maxLength);
    }

    public List<TargetTokens> encode(List<LogLikelihoodRequest> requests) {
        RequestEncoder encoder = encoder();
        return requests.stream().map(encoder::encode).toList();
    }

    public List<Score> score(List<TargetTokens> requests, long batchTokens, boolean share) {
        return new DirectScorer(new LogLikelihoods(model, manager, batchTokens, share), Part.WHOLE, () -> false).score("requests", requests);
    }

    public static double[] values(List<Score> scores) {
        return scores.stream().mapToDouble(Score::logLikelihood).toArray();
    }

    public static double largestDifference(double[] some, double[] others) {
        double[] differences = new double[some.length];
        Arrays.setAll(differences, i -> Math.abs(some[i] - others[i]));
        return Arrays.stream(differences).max().orElseThrow();
    }

    @Override
    public void close() {
        tokenizer.close();
        manager.close();
    }
}
