package ai.spattention.train.loop.setup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.Precision;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.config.OlmoeConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MemoryEstimateTest {

    @Test
    void followsItsFormula() {
        // E = 8, Q = 8, K = 4, X = 4, k = 2, I = 4, V = 11, 2 layers
        OlmoeConfig model = OlmoeConfig.builder().setVocabSize(11).setHiddenSize(8).setIntermediateSize(4).setNumHiddenLayers(2)
                .setNumAttentionHeads(2).optNumKeyValueHeads(1).setNumExperts(4).setNumExpertsPerTok(2)
                .setMaxPositionEmbeddings(16).build();
        // a layer: 192 + 8 + 4 of the projections and their norms, 4 (8 + 96) of router and experts, 16 of norms; then 8 + 2 · 88
        long parameters = 2 * (204 + 416 + 16) + 8 + 176;
        MemoryEstimate estimate = MemoryEstimate.of(model, 10, Precision.FLOAT32, false, Precision.FLOAT32);
        assertEquals(4 * parameters, estimate.weights());
        assertEquals(4 * parameters, estimate.gradients());
        assertEquals(8 * parameters, estimate.optimizer());
        // a layer: 96 + 160 + 32 + 2 (16 + 24) + 12 = 380; output 11
        assertEquals(4 * 10 * (2 * 380 + 3 * 11), estimate.activations());
        assertEquals(16 * parameters + 31_720, estimate.total());
        MemoryEstimate half = MemoryEstimate.of(model, 10, Precision.BFLOAT16, true, Precision.BFLOAT16);
        assertEquals(4 * parameters, half.optimizer());
        // a layer: 80 + 24 + 12 + 2 2 4 + 12 = 144
        assertEquals(10 * (2 * 144 + 2 * 4 * 8 + 4 * 3 * 11) + parameters, half.activations());
    }

    /** The figures of docs/benchmarks.md, in GB; without the optimizer where its moments are given as none. */
    @ParameterizedTest
    @CsvSource({"1024, 512, 8, 32768, false, FLOAT32, 59.3", "1024, 512, 8, 32768, false, , 45.2", "1024, 512, 8, 4096, false, , 21.1",
        "2048, 1024, 16, 16384, false, , 86.9", "2048, 1024, 16, 16384, true, BFLOAT16, 92"})
    void isNearWhatAnH200Took(int hidden, int expert, int heads, long tokens, boolean checkpointing, Precision moments, double gigabytes) {
        OlmoeConfig model = OlmoeConfig.builder().setVocabSize(50_304).setHiddenSize(hidden).setIntermediateSize(expert)
                .setNumHiddenLayers(16).setNumAttentionHeads(heads).setNumExperts(64).setNumExpertsPerTok(8)
                .setMaxPositionEmbeddings(4096).build();
        MemoryEstimate estimate = MemoryEstimate.of(model, tokens, Precision.BFLOAT16, checkpointing, Precision.FLOAT32);
        long optimizer = moments == null ? 0
                : MemoryEstimate.of(model, tokens, Precision.BFLOAT16, checkpointing, moments).optimizer();
        double estimated = (estimate.weights() + estimate.gradients() + estimate.activations() + optimizer) / 1e9;
        assertEquals(1, estimated / gigabytes, 0.05, estimated + " GB");
    }

    @Test
    void claimedSizesAreEstimatedOrRefused() {
        OlmoeConfig model = OlmoeConfig.builder().setVocabSize(Integer.MAX_VALUE).setHiddenSize(8).setIntermediateSize(4)
                .setNumHiddenLayers(2).setNumAttentionHeads(2).setNumExperts(4).setNumExpertsPerTok(2)
                .setMaxPositionEmbeddings(16).build();
        // a layer: 10 · 8 + 3 · 8 + 3 · 8 + 2 · 2 · 4 + 3 · 4 = 156, two bytes a number
        long tokens = 1L << 40;
        assertEquals(tokens * 2 * 2 * 156 + 12 * (1L << 28) + model.totalParams(),
                MemoryEstimate.of(model, tokens, Precision.BFLOAT16, false, Precision.FLOAT32).activations());
        String message = assertThrows(InvalidInputException.class, () -> MemoryEstimate.of(model, 1L << 60, Precision.BFLOAT16,
                false, Precision.FLOAT32)).getMessage();
        assertEquals("a micro batch of 1152921504606846976 tokens, each of which keeps 624 bytes, takes more memory than can be"
                + " counted: lower training.micro_batch or data.sequence_length", message);
    }

    @Test
    void holdsForTheLargestPreset() {
        OlmoeConfig large = OlmoeConfig.builder().setVocabSize(50_304).setHiddenSize(2048).setIntermediateSize(1024)
                .setNumHiddenLayers(16).setNumAttentionHeads(16).setNumExperts(64).setNumExpertsPerTok(8)
                .setMaxPositionEmbeddings(4096).build();
        assertEquals(16 * 6_919_161_856L,
                MemoryEstimate.of(large, 0, Precision.FLOAT32, false, Precision.FLOAT32).total());
        assertEquals(4L * 16_384 * 16 * 164_032 + 12 * (1L << 28),
                MemoryEstimate.of(large, 4 * 4096, Precision.FLOAT32, false, Precision.FLOAT32).activations());
        long gpu = MemoryEstimate.of(large, 4 * 4096, Precision.BFLOAT16, true, Precision.BFLOAT16).total();
        assertTrue(gpu < 139L << 30, "fits a GPU of 139 GiB: " + gpu);
    }
}
