package ai.spattention.train.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import org.junit.jupiter.api.Test;

class FlopsPerTokenTest {

    private static OlmoeConfig model(StandardPattern pattern) {
        return OlmoeConfig.builder().setVocabSize(10).setHiddenSize(8).setIntermediateSize(3).setNumHiddenLayers(2)
                .setNumAttentionHeads(2).optNumKeyValueHeads(1).setNumExperts(5).setNumExpertsPerTok(2)
                .setMaxPositionEmbeddings(4).optPattern(pattern).optLayoutLength(LayoutLength.of(4)).build();
    }

    @Test
    void everyProductIsCountedOnce() {
        // a layer: queries 8x8, keys and values 8x4 each, output 8x8; router 8x5; 2 experts of 3 matrices 8x3
        double weights = 2 * (64 + 32 + 32 + 64 + 40 + 2 * 3 * 24) + 10 * 8;
        // dense: 10 pairs a head in 4 tokens; a pair costs 4 multiply-adds for the score and 4 for the value
        double attention = 2 * (2 * 10) * (2 * 8) / 4.0;
        assertEquals(3 * (2 * weights + attention), FlopsPerToken.training(model(StandardPattern.CAUSAL), 4));
    }

    @Test
    void pairsThatThePatternForbidsCostNothing() {
        // exclusive: the two heads together compute each of the 10 pairs once
        assertEquals(3 * 2 * 10 * (2 * 8) / 4.0, FlopsPerToken.training(model(StandardPattern.CAUSAL), 4)
                - FlopsPerToken.training(model(StandardPattern.EXCLUSIVE), 4));
    }
}
