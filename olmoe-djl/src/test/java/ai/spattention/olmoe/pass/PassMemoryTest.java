package ai.spattention.olmoe.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.RotaryEmbedding;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.pattern.StandardPattern;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PassMemoryTest {

    private static final CudaTarget TARGET = new CudaTarget(0, 90, 132, 232_448);

    @Test
    void isThatOfThePlanThatRuns() {
        OlmoeConfig config = OlmoeConfig.builder().setVocabSize(512).setHiddenSize(256).setIntermediateSize(128).setNumHiddenLayers(2)
                .setNumAttentionHeads(4).optNumKeyValueHeads(2).setNumExperts(16).setNumExpertsPerTok(4).setMaxPositionEmbeddings(512)
                .optPattern(StandardPattern.SP).build();
        PassShape shape = new PassShape(2, 200, true, true, Kept.ALL);
        OlmoeModel model = OlmoeModel.builder().setConfig(config).build();
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
            long expected = PassPlan.of(model, FlatWeights.of(model, manager),
                    PassPlan.Constants.of(manager, config, new RotaryEmbedding(config.headDim(), config.ropeTheta()), 200),
                    PassArrays.of(manager, config, shape), TARGET, shape).bytes();
            assertEquals(expected, PassMemory.of(config, TARGET, List.of(new PassShape(1, 20, false, false, Kept.ALL), shape)).arenaBytes());
        }
    }

    @Test
    void countsWeightsAndArraysAsTheyAreMade() {
        for (boolean tied : new boolean[] {false, true}) {
            OlmoeConfig config = OlmoeConfig.builder().setVocabSize(48).setHiddenSize(128).setIntermediateSize(64).setNumHiddenLayers(2)
                    .setNumAttentionHeads(4).setNumExperts(5).setNumExpertsPerTok(2).setMaxPositionEmbeddings(64)
                    .optPattern(StandardPattern.SP).optTieWordEmbeddings(tied).build();
            OlmoeModel model = OlmoeModel.builder().setConfig(config).build();
            try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
                model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
                PassMemory memory = PassMemory.of(config, TARGET, List.of(new PassShape(3, 7, true, false, Kept.ALL)));
                assertEquals(FlatWeights.of(model, manager).sections().stream().mapToLong(FlatWeights.Section::elements).sum(),
                        memory.elements());
                assertEquals(5 * 2 * 64 * 128, memory.largest(), "gate and up projections of a layer");
                // tokens, targets and documents; loss; loads; probabilities and squares with their gradients; heads; cosines and sines
                assertEquals(3 * 21 * 8 + 4 + 2 * 8 * 8 + 2 * 2 * (8 + 4) * 4 + 4 * 8 * 4 + 2 * 7 * 16 * 4, memory.arrayBytes());
            }
        }
    }

    private static long largeModel(int batch, int length, Kept kept, StandardPattern pattern) {
        OlmoeConfig config = OlmoeConfig.builder().setVocabSize(50304).setHiddenSize(2048).setIntermediateSize(1024).setNumHiddenLayers(16)
                .setNumAttentionHeads(16).setNumExperts(64).setNumExpertsPerTok(8).setMaxPositionEmbeddings(length).optPattern(pattern)
                .build();
        PassMemory memory = PassMemory.of(config, TARGET, List.of(new PassShape(batch, length, false, false, kept)));
        assertEquals(6_919_161_856L, memory.elements());
        return memory.arenaBytes();
    }

    /** The figures of docs/benchmarks.md; thirty gigabytes of weights are not needed to say what one of their passes needs. */
    @ParameterizedTest
    @CsvSource({"4, 4096, ALL, 19816071168", "4, 4096, UNTURNED, 17802739712", "4, 4096, INPUTS, 4446487552",
        "8, 4096, ALL, 39515602944", "8, 4096, UNTURNED, 35489071104", "8, 4096, INPUTS, 8825078784",
        "1, 32768, ALL, 39515602944", "1, 32768, UNTURNED, 35489071104", "1, 32768, INPUTS, 8825078784"})
    void isFoundForALargeModelOnASmallMachine(int batch, int length, Kept kept, long bytes) {
        assertEquals(bytes, largeModel(batch, length, kept, StandardPattern.SP));
    }

    @Test
    void attentionOfAnyPatternTakesAsMuch() {
        assertEquals(largeModel(1, 4096, Kept.UNTURNED, StandardPattern.SP), largeModel(1, 4096, Kept.UNTURNED, StandardPattern.CAUSAL));
    }
}
