package ai.spattention.olmoe;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.pattern.StandardPattern;
import java.util.Arrays;

/** What tests of the model share. */
public final class TestConfigs {

    private TestConfigs() {}

    /** A model of two layers, 4 heads of 6, 5 experts of which a token takes 2, and 19 tokens. */
    public static OlmoeConfig.Builder small() {
        return OlmoeConfig.builder().setVocabSize(19).setHiddenSize(24).setIntermediateSize(10).setNumHiddenLayers(2)
                .setNumAttentionHeads(4).setNumExperts(5).setNumExpertsPerTok(2).setMaxPositionEmbeddings(64)
                .optInitializerRange(0.2f).optPattern(StandardPattern.SP);
    }

    /** Token ids, one row a sequence, as an array. */
    public static NDArray ids(NDManager manager, int[][] ids) {
        return manager.create(Arrays.stream(ids).flatMapToInt(Arrays::stream).asLongStream().toArray(),
                new Shape(ids.length, ids[0].length));
    }
}
