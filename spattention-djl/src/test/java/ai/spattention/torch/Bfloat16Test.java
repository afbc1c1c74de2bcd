package ai.spattention.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

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

    /** Unlike through {@code toType}, by which DJL takes an array out of autograd. */
    @ParameterizedTest
    @EnumSource(value = DataType.class, names = {"FLOAT16", "FLOAT32", "FLOAT64"})
    void gradientsPassThroughToAnyType(DataType type) {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray x = manager.create(new float[] {1f, 2f, 3f}).duplicate();
            x.setRequiresGradient(true);
            NDArray other = manager.zeros(new Shape(1), type);
            try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                NDArray converted = Bfloat16.asTypeOf(x, other);
                assertEquals(type, converted.getDataType());
                collector.backward(converted.mul(converted).sum());
            }
            assertArrayEquals(new float[] {2f, 4f, 6f}, x.getGradient().toFloatArray());
            assertTrue(Bfloat16.is(Bfloat16.asTypeOf(x, Bfloat16.of(other))));
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
