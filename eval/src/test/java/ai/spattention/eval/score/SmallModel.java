package ai.spattention.eval.score;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.olmoe.config.LayerPatterns;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** A random model for tokens 0 to 256, and random questions to it. */
final class SmallModel implements AutoCloseable {

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    private final OlmoeModel model;

    SmallModel(StandardPattern pattern, LayoutLength layout) {
        this(LayerPatterns.all(pattern), layout);
    }

    SmallModel(LayerPatterns patterns, LayoutLength layout) {
        model = OlmoeModel.builder().setConfig(OlmoeConfig.builder().setVocabSize(257).setHiddenSize(32).setIntermediateSize(16)
                .setNumHiddenLayers(2).setNumAttentionHeads(4).setNumExperts(4).setNumExpertsPerTok(2)
                .optInitializerRange(0.3f).setMaxPositionEmbeddings(256).optPatterns(patterns).optLayoutLength(layout).build())
                .optSeed(5).build();
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 8));
    }

    OlmoeModel model() {
        return model;
    }

    /** Questions of a few choices with a common beginning; some choices are equal, some as long as others. */
    static List<TargetTokens> questions(int count, int seed) {
        Random random = new Random(seed);
        List<TargetTokens> requests = new ArrayList<>();
        for (int question = 0; question < count; question++) {
            int[] context = random.ints(1 + random.nextInt(40), 0, 257).toArray();
            for (int choice = 0; choice < 1 + random.nextInt(4); choice++) {
                int[] targets = random.ints(1 + random.nextInt(4), 0, 257).toArray();
                int[] input = java.util.Arrays.copyOf(context, context.length + targets.length - 1);
                System.arraycopy(targets, 0, input, context.length, targets.length - 1);
                requests.add(new TargetTokens(question, input, targets));
            }
        }
        return requests;
    }

    double[] score(List<TargetTokens> requests, long batchTokens, boolean share) {
        return TinyEval.values(new DirectScorer(new LogLikelihoods(model, manager, batchTokens, share), Part.WHOLE, () -> false)
                .score("requests", requests));
    }

    NDManager manager() {
        return manager;
    }

    @Override
    public void close() {
        manager.close();
    }
}
