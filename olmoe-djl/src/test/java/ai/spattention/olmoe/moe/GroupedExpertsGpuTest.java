package ai.spattention.olmoe.moe;

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
import ai.spattention.groupedmatmul.GroupedMatmulSteps;
import ai.spattention.segment.ExplicitPart;
import ai.spattention.segment.NoGradient;
import ai.spattention.torch.Bfloat16;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Grouped products against the experts one by one, values and gradients, on a GPU. */
class GroupedExpertsGpuTest {

    /** Loads: even, as random choice makes them; or all to the first experts, so that most have no row at all. */
    @ParameterizedTest
    @CsvSource({"1, 1, 1, 64, 64, false", "1, 8, 2, 64, 128, false", "300, 5, 2, 192, 64, false", "1000, 64, 8, 256, 320, false",
        "129, 64, 8, 1024, 512, true", "2000, 3, 1, 128, 64, true", "700, 256, 4, 64, 64, false"})
    void agreeWithExpertsOneByOne(int tokens, int experts, int slots, int size, int inner, boolean crowded) {
        assumeTrue(Engine.getEngine("PyTorch").getGpuCount() > 0, "skipped: no GPU here");
        try (NDManager manager = NDManager.newBaseManager(Device.gpu(), "PyTorch"); NoGradient explicit = new NoGradient()) {
            NDArray chosen = manager.create(choose(tokens, experts, slots, crowded), new Shape(tokens, slots));
            NDArray hidden = Bfloat16.of(manager.randomNormal(new Shape(tokens, size)));
            assertTrue(GroupedMatmulSteps.serves(hidden, experts, inner));
            NDList inputs = new NDList(hidden, manager.randomUniform(0.1f, 1, new Shape(tokens, slots)),
                    manager.randomNormal(new Shape(experts, 2L * inner, size)).mul(0.1f),
                    manager.randomNormal(new Shape(experts, size, inner)).mul(0.1f));
            NDArray gradient = Bfloat16.of(manager.randomNormal(new Shape(tokens, size)));
            NDList expected = run(new ExpertsPart(chosen), inputs, gradient);
            NDList actual = run(new GroupedExpertsPart(chosen), inputs, gradient);
            NDList again = run(new GroupedExpertsPart(chosen), inputs, gradient);
            for (int i = 0; i < expected.size(); i++) {
                assertEquals(expected.get(i).getShape(), actual.get(i).getShape());
                double norm = expected.get(i).norm().getFloat();
                double difference = actual.get(i).sub(expected.get(i)).norm().getFloat();
                assertTrue(norm > 0 && difference <= 2e-2 * norm, "array " + i + " differs by " + difference + " of " + norm);
                assertArrayEquals(actual.get(i).toFloatArray(), again.get(i).toFloatArray(), "the same twice");
            }
        }
    }

    private static NDList run(ExplicitPart part, NDList inputs, NDArray gradient) {
        ExplicitPart.Forward forward = part.forward(inputs);
        NDList results = new NDList(Bfloat16.toFloat32(forward.outputs().singletonOrThrow()));
        for (NDArray found : part.backward(inputs, forward.kept(), new NDArray[] {gradient})) {
            results.add(Bfloat16.toFloat32(found));
        }
        return results;
    }

    private static long[] choose(int tokens, int experts, int slots, boolean crowded) {
        Random random = new Random(7);
        long[] chosen = new long[tokens * slots];
        for (int token = 0; token < tokens; token++) {
            int first = crowded ? 0 : random.nextInt(experts);
            for (int slot = 0; slot < slots; slot++) {
                chosen[token * slots + slot] = (first + (long) slot) % experts;
            }
        }
        return chosen;
    }
}
