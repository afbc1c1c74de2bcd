package ai.spattention.olmoe.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
            assertEquals(expected, PassMemory.bytes(config, TARGET, List.of(new PassShape(1, 20, false, false, Kept.ALL), shape)));
        }
    }

    /** Thirty gigabytes of weights are not needed to say what one of their passes needs. */
    @Test
    void isFoundForALargeModelOnASmallMachine() {
        OlmoeConfig config = OlmoeConfig.builder().setVocabSize(50304).setHiddenSize(2048).setIntermediateSize(1024).setNumHiddenLayers(16)
                .setNumAttentionHeads(16).setNumExperts(64).setNumExpertsPerTok(8).setMaxPositionEmbeddings(4096)
                .optPattern(StandardPattern.SP).build();
        long all = PassMemory.bytes(config, TARGET, List.of(new PassShape(4, 4096, false, false, Kept.ALL)));
        long inputs = PassMemory.bytes(config, TARGET, List.of(new PassShape(4, 4096, false, false, Kept.INPUTS)));
        assertTrue(all > 10e9 && all < 60e9, all + " bytes");
        assertTrue(inputs < all / 2, inputs + " bytes with each layer's input alone");
    }
}
