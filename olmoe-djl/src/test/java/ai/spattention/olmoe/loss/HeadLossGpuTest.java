package ai.spattention.olmoe.loss;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.crossentropy.CrossEntropySteps;
import ai.spattention.segment.NoGradient;
import ai.spattention.torch.Bfloat16;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The loss by the kernel against libtorch's operators in float32, on a GPU. */
class HeadLossGpuTest {

    @BeforeEach
    void aGpuIsHere() {
        assumeTrue(Engine.getEngine("PyTorch").getGpuCount() > 0, "skipped: no GPU here");
    }

    /** One token, one slice, slices that do not divide the tokens, rows shorter and longer than a block. */
    @ParameterizedTest
    @CsvSource({"1, 8, 64, 1", "17, 64, 64, 5", "300, 4096, 128, 128", "129, 4104, 64, 1000", "50, 50304, 192, 16"})
    void agreesWithTheEngine(int tokens, int classes, int size, int slice) {
        try (NDManager manager = NDManager.newBaseManager(Device.gpu(), "PyTorch"); NoGradient explicit = new NoGradient()) {
            Random random = new Random(3); // whatever ran before: a token whose target is all but certain has a loss of rounding alone
            NDArray hidden = Bfloat16.of(normal(manager, random, 1, tokens, size));
            NDArray weight = Bfloat16.toFloat32(Bfloat16.of(normal(manager, random, 0.3f, classes, size)));
            NDArray targets = targets(manager, tokens, classes);
            assertTrue(CrossEntropySteps.serves(hidden, classes));
            NDList expected = HeadLoss.slices(Bfloat16.toFloat32(hidden), weight, targets, slice, SliceLoss.BY_OPERATORS);
            NDList actual = HeadLoss.slices(hidden, weight, targets, slice, SliceLoss.BY_KERNEL);
            NDList again = HeadLoss.slices(hidden, weight, targets, slice, SliceLoss.BY_KERNEL);
            for (int i = 0; i < 3; i++) {
                assertEquals(expected.get(i).getShape(), actual.get(i).getShape());
                NDArray found = Bfloat16.toFloat32(actual.get(i));
                double norm = expected.get(i).norm().getFloat();
                double difference = found.sub(expected.get(i)).norm().getFloat();
                assertTrue(norm > 0 && difference <= 1e-2 * norm, "array " + i + " differs by " + difference + " of " + norm);
                assertArrayEquals(found.toFloatArray(), Bfloat16.toFloat32(again.get(i)).toFloatArray(), "the same twice");
            }
        }
    }

    @Test
    void aTargetThatIsNoClassIsNoNumber() {
        try (NDManager manager = NDManager.newBaseManager(Device.gpu(), "PyTorch"); NoGradient explicit = new NoGradient()) {
            NDArray hidden = Bfloat16.of(manager.ones(new Shape(2, 64)));
            NDArray targets = manager.create(new long[] {3, 64});
            NDArray weight = manager.ones(new Shape(64, 64));
            assertTrue(Float.isNaN(HeadLoss.slices(hidden, weight, targets, 2, SliceLoss.BY_KERNEL).get(0).getFloat()));
        }
    }

    private static NDArray normal(NDManager manager, Random random, float deviation, int rows, int columns) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = deviation * (float) random.nextGaussian();
        }
        return manager.create(values, new Shape(rows, columns));
    }

    private static NDArray targets(NDManager manager, int tokens, int classes) {
        long[] targets = new long[tokens];
        for (int i = 0; i < tokens; i++) {
            targets[i] = i % 4 == 1 ? LanguageModelLoss.NO_TARGET : (i * 7919L + classes - 1) % classes;
        }
        return manager.create(targets);
    }
}
