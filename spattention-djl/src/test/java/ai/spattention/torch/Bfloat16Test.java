package ai.spattention.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import org.junit.jupiter.api.Test;

class Bfloat16Test {

    /** Eight bits of a float's fraction remain, rounded to even. */
    @Test
    void roundsToEightBits() {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray x = manager.create(new float[] {1f, 1.00390625f, 1.01171875f, -3.1415927f});
            NDArray rounded = Bfloat16.of(x);
            assertTrue(Bfloat16.is(rounded));
            assertFalse(Bfloat16.is(x));
            assertArrayEquals(new float[] {1f, 1f, 1.015625f, -3.140625f}, Bfloat16.toFloat32(rounded).toFloatArray());
        }
    }

    @Test
    void gradientsPassThrough() {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray x = manager.create(new float[] {1f, 2f, 3f}).duplicate();
            x.setRequiresGradient(true);
            try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                NDArray half = Bfloat16.of(x);
                collector.backward(Bfloat16.toFloat32(half.mul(half)).sum());
            }
            assertArrayEquals(new float[] {2f, 4f, 6f}, x.getGradient().toFloatArray());
        }
    }
}
