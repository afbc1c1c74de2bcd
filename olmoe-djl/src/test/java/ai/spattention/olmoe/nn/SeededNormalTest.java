package ai.spattention.olmoe.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class SeededNormalTest {

    private static float[] draw(long seed, double deviation, int size) {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            return new SeededNormal(seed, deviation).initialize(manager, new Shape(size), DataType.FLOAT32).toFloatArray();
        }
    }

    @Test
    void isNormal() {
        float[] values = draw(7, 0.02, 1_000_000);
        double mean = 0;
        double square = 0;
        double fourth = 0;
        for (float value : values) {
            mean += value / 1e6;
            square += value * (double) value / 1e6;
            fourth += Math.pow(value / 0.02, 4) / 1e6;
        }
        assertEquals(0, mean, 1e-4);
        assertEquals(0.02, Math.sqrt(square), 1e-4);
        assertEquals(3, fourth, 0.05); // the kurtosis of a normal distribution
    }

    @Test
    void dependsOnTheSeedAlone() {
        float[] values = draw(7, 1, 200_000);
        assertArrayEquals(values, draw(7, 1, 200_000));
        assertArrayEquals(Arrays.copyOf(values, 70_000), draw(7, 1, 70_000));
        assertNotEquals(values[0], draw(8, 1, 1)[0]);
        assertNotEquals(SeededNormal.seedOf(1, "a"), SeededNormal.seedOf(1, "b"));
        assertNotEquals(SeededNormal.seedOf(1, "a"), SeededNormal.seedOf(2, "a"));
    }

    /** Blocks are drawn from generators of their own: none may repeat another, nor another shifted. */
    @Test
    void doesNotRepeatItself() {
        float[] values = draw(7, 1, 300_000);
        assertEquals(Arrays.stream(toDoubles(values)).distinct().count(), 300_000, 3_000);
    }

    private static double[] toDoubles(float[] values) {
        double[] doubles = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            doubles[i] = values[i];
        }
        return doubles;
    }
}
