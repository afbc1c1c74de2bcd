package ai.spattention.olmoe;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.util.Arrays;

/** Small configurations for tests, and variations on them. */
public record TestConfigs(int numHeads, int numKvHeads, int headDim, AttentionPattern pattern, LayoutLength layoutLength,
        Float clip, int numExperts, int topK, boolean normalize, boolean isTied, boolean hasBias) {

    public static TestConfigs small() {
        return new TestConfigs(4, 4, 0, StandardPattern.SP, LayoutLength.SEQUENCE, null, 5, 2, false, false, false);
    }

    public OlmoeConfig config() {
        return new OlmoeConfig(19, 24, 10, 2, numHeads, numKvHeads, headDim == 0 ? 24 / numHeads : headDim, numExperts, topK, normalize, 1e-5f, 10000, clip, hasBias, 0f, isTied, 0.2f, 0.01, 64, pattern, layoutLength);
    }

    public TestConfigs heads(int heads, int kvHeads) {
        return new TestConfigs(heads, kvHeads, headDim, pattern, layoutLength, clip, numExperts, topK, normalize, isTied, hasBias);
    }

    public TestConfigs headDim(int dim) {
        return new TestConfigs(numHeads, numKvHeads, dim, pattern, layoutLength, clip, numExperts, topK, normalize, isTied, hasBias);
    }

    public TestConfigs pattern(AttentionPattern other) {
        return new TestConfigs(numHeads, numKvHeads, headDim, other, layoutLength, clip, numExperts, topK, normalize, isTied, hasBias);
    }

    public TestConfigs layout(LayoutLength layout) {
        return new TestConfigs(numHeads, numKvHeads, headDim, pattern, layout, clip, numExperts, topK, normalize, isTied, hasBias);
    }

    public TestConfigs clip(float limit) {
        return new TestConfigs(numHeads, numKvHeads, headDim, pattern, layoutLength, limit, numExperts, topK, normalize, isTied, hasBias);
    }

    public TestConfigs experts(int experts, int top, boolean normalizeTopK) {
        return new TestConfigs(numHeads, numKvHeads, headDim, pattern, layoutLength, clip, experts, top, normalizeTopK, isTied, hasBias);
    }

    public TestConfigs tied() {
        return new TestConfigs(numHeads, numKvHeads, headDim, pattern, layoutLength, clip, numExperts, topK, normalize, true, hasBias);
    }

    public TestConfigs bias() {
        return new TestConfigs(numHeads, numKvHeads, headDim, pattern, layoutLength, clip, numExperts, topK, normalize, isTied, true);
    }

    /** Token ids, one row a sequence, as an array. */
    public static NDArray ids(NDManager manager, int[][] ids) {
        return manager.create(Arrays.stream(ids).flatMapToInt(Arrays::stream).asLongStream().toArray(),
                new Shape(ids.length, ids[0].length));
    }
}
