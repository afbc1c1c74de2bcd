package ai.spattention.attention.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.KernelAgreement;
import ai.spattention.attention.KernelAgreement.Sizes;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.BigBirdRandom;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.LongformerDilated;
import ai.spattention.pattern.LshSettings;
import ai.spattention.torch.Bfloat16;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The baselines of the papers on a GPU. */
class LshAttentionGpuTest {

    private static final Shape SHAPE = new Shape(2, 4, 301, 64);

    @BeforeEach
    void aGpuIsHere() {
        assumeTrue(Engine.getEngine("PyTorch").getGpuCount() > 0, "skipped: no GPU here");
    }

    @Test
    void hashingGivesWhatItGivesOnACpu() {
        NDList expected = attend(Device.cpu(), false);
        NDList actual = attend(Device.gpu(), false);
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(0, expected.get(i).sub(actual.get(i).toDevice(Device.cpu(), true)).abs().max().getDouble(), 1e-9);
        }
    }

    @Test
    void bfloat16GivesNumbers() {
        for (NDArray each : attend(Device.gpu(), true)) {
            assertTrue(Float.isFinite(Bfloat16.toFloat32(each).abs().sum().getFloat()));
        }
    }

    @Test
    void tilesAgreeWithMasks() {
        for (AttentionPattern pattern : List.of(new BigBirdRandom(), new LongformerDilated())) {
            AttentionLayout layout = new AttentionLayout(pattern, LayoutLength.SEQUENCE);
            for (Sizes sizes : List.of(new Sizes(2, 4, 2, 301, 64, true), new Sizes(1, 2, 2, 1000, 32, true))) {
                new KernelAgreement(Device.gpu(), layout, DataType.BFLOAT16).check(new TiledKernel(), new MaskedKernel(), sizes, true, 2e-2);
            }
        }
    }

    /** The output and the gradients, in float64 or bfloat16. */
    private static NDList attend(Device device, boolean bfloat16) {
        NDManager manager = NDManager.newBaseManager(device, "PyTorch");
        Random random = new Random(8);
        NDList inputs = new NDList();
        for (int i = 0; i < 2; i++) {
            NDArray numbers = manager.create(random.doubles(SHAPE.size(), -1, 1).toArray(), SHAPE);
            inputs.add(bfloat16 ? Bfloat16.of(numbers.toType(DataType.FLOAT32, false)) : numbers);
            inputs.get(i).setRequiresGradient(true);
        }
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            NDArray output = LshAttention.attend(inputs.get(0), inputs.get(1), null, new LshSettings(2, 32, 0), 301, 0, true);
            collector.backward(bfloat16 ? Bfloat16.toFloat32(output).square().sum() : output.square().sum());
            return new NDList(output, inputs.get(0).getGradient(), inputs.get(1).getGradient());
        }
    }
}
