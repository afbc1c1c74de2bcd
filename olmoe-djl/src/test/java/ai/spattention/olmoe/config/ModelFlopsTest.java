package ai.spattention.olmoe.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import org.junit.jupiter.api.Test;

/**
 * Against numbers computed by hand, for a model of 2 layers with E = 8, H = 2, G = 1, D = 4 (so Q = 8, K = 4), X = 4, k = 2,
 * I = 4, V = 11. A layer: projections 8 (16 + 8) = 192, router 8 · 4 = 32, experts 2 · 3 · 8 · 4 = 192, together 416. Output
 * 11 · 8 = 88. All: 2 · 416 + 88 = 920. A pair costs 4 · 4 = 16 a layer.
 */
class ModelFlopsTest {

    private static OlmoeConfig.Builder small() {
        return OlmoeConfig.builder().setVocabSize(11).setHiddenSize(8).setIntermediateSize(4).setNumHiddenLayers(2)
                .setNumAttentionHeads(2).optNumKeyValueHeads(1).setNumExperts(4).setNumExpertsPerTok(2)
                .setMaxPositionEmbeddings(16);
    }

    private static double forward(AttentionPattern pattern, LayoutLength layout, int length) {
        return ModelFlops.forwardPerToken(small().optPattern(pattern).optLayoutLength(layout).build(), length);
    }

    @Test
    void countsTheWeightsThatATokenMeets() {
        assertEquals(920, ModelFlops.activeMatmulWeights(small().build()));
        assertEquals(920, ModelFlops.activeMatmulWeights(small().optTieWordEmbeddings(true).optAttentionBias(true).build()));
        assertEquals(920 + 2 * 2 * 96, ModelFlops.activeMatmulWeights(small().setNumExpertsPerTok(4).build()));
        assertEquals(920 + 2 * 4 * 8, ModelFlops.activeMatmulWeights(small().setNumExperts(8).build()), "the router alone");
        // Q = 12, K = 6: projections 8 (24 + 12) = 288
        assertEquals(920 + 2 * 96, ModelFlops.activeMatmulWeights(small().optHeadDim(6).build()));
    }

    @Test
    void theLargePresetLeavesOutEmbeddingAndNorms() {
        OlmoeConfig large = OlmoeConfig.builder().setVocabSize(50_304).setHiddenSize(2048).setIntermediateSize(1024)
                .setNumHiddenLayers(16).setNumAttentionHeads(16).setNumExperts(64).setNumExpertsPerTok(8)
                .setMaxPositionEmbeddings(4096).build();
        long norms = 16 * (2 * 2048 + 2 * 2048) + 2048;
        assertEquals(large.activeParams() - 50_304L * 2048 - norms, ModelFlops.activeMatmulWeights(large));
        assertEquals(1_178_861_568L, ModelFlops.activeMatmulWeights(large));
        // dense: 16 heads see 4096 · 4097 / 2 pairs each, 16 · 2048.5 a token, at 4 · 128 in 16 layers: 268,500,992
        assertEquals(2.0 * 1_178_861_568L + 268_500_992, ModelFlops.forwardPerToken(large, 4096), 1e-3);
    }

    @Test
    void countsAllowedPairs() {
        // N = 4; dense: 10 pairs a head, 20 · 16 · 2 / 4 = 160
        assertEquals(1840 + 160, forward(StandardPattern.CAUSAL, LayoutLength.SEQUENCE, 4));
        // every pair belongs to one head: 10 · 16 · 2 / 4 = 80
        assertEquals(1840 + 80, forward(StandardPattern.EXCLUSIVE, LayoutLength.SEQUENCE, 4));
        // w = 2, d <= 2: 4 + 3 + 2 = 9 a head, 18 · 16 · 2 / 4 = 144
        assertEquals(1840 + 144, forward(StandardPattern.LOCAL, LayoutLength.SEQUENCE, 4));
        // L = 2: w = 1, d <= 1: 4 + 3 = 7 a head, 14 · 16 · 2 / 4 = 112
        assertEquals(1840 + 112, forward(StandardPattern.LOCAL, LayoutLength.of(2), 4));
        // a single token sees itself with both heads: 2 · 16 · 2 = 64
        assertEquals(1840 + 64, forward(StandardPattern.CAUSAL, LayoutLength.SEQUENCE, 1));
    }

    /** Numbers that a configuration of a page may claim: counted at once or refused, never wrong. */
    @Test
    void claimedSizesAreCountedOrRefused() {
        int most = Integer.MAX_VALUE;
        OlmoeConfig manyPositions = small().optPattern(StandardPattern.EXCLUSIVE).setMaxPositionEmbeddings(most).build();
        assertEquals(1840 + 16.0 * 2 * (most + 1L) / 2, ModelFlops.forwardPerToken(manyPositions, most), 1);
        OlmoeConfig manyHeads = small().setNumAttentionHeads(most).optNumKeyValueHeads(1).optHeadDim(2)
                .optPattern(StandardPattern.EXCLUSIVE).build();
        // two layers, each 8 (2 · 2 most + 2 · 2) for the projections, 32 + 192 besides; 11 · 8 for the output
        assertEquals(2 * (8 * (4L * most + 4) + 224) + 88, ModelFlops.activeMatmulWeights(manyHeads));
        assertEquals(2.0 * (2 * (8 * (4L * most + 4) + 224) + 88) + 8 * 2 * 10.0 / 4, ModelFlops.forwardPerToken(manyHeads, 4));
        OlmoeConfig both = small().setNumAttentionHeads(most).optNumKeyValueHeads(1).optHeadDim(2)
                .optPattern(StandardPattern.CAUSAL).setMaxPositionEmbeddings(most).build();
        assertThrows(InvalidInputException.class, () -> ModelFlops.forwardPerToken(both, most), "2^92 pairs");
        OlmoeConfig large = small().setNumExperts(most).setIntermediateSize(most).build();
        String message = assertThrows(InvalidInputException.class, () -> ModelFlops.activeMatmulWeights(large)).getMessage();
        assertTrue(message.endsWith("together give more than 9007199254740992 parameters: lower them"), message);
        assertThrows(InvalidInputException.class, () -> small().setNumHiddenLayers(most).setNumExperts(most)
                .setIntermediateSize(most).setVocabSize(most).build().totalParams(), "overflow");
    }

    @Test
    void trainingTakesThreeTimesAsMuch() {
        assertEquals(6000, ModelFlops.trainingPerToken(small().optPattern(StandardPattern.CAUSAL).build(), 4));
    }
}
