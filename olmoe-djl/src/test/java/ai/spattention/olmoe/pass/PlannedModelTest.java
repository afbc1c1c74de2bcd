package ai.spattention.olmoe.pass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.junit.jupiter.api.Test;

class PlannedModelTest {

    @Test
    void gradientsOfALossThatWasScaledAreNoNumbers() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray gradient = manager.create(new float[] {0.5f, 0, -2}, new Shape(3));
            assertArrayEquals(new float[] {0.5f, 0, -2},
                    PlannedModel.onlyForOne(manager, gradient, manager.create(1f), new Shape(3, 1)).toFloatArray());
            assertArrayEquals(new float[3], PlannedModel.onlyForOne(manager, null, manager.create(1f), new Shape(3)).toFloatArray());
            for (float scale : new float[] {0.5f, 1.0001f, 0, Float.NaN, Float.POSITIVE_INFINITY}) {
                NDArray spoiled = PlannedModel.onlyForOne(manager, gradient, manager.create(scale), new Shape(3, 1));
                assertEquals(new Shape(3, 1), spoiled.getShape());
                for (float value : spoiled.toFloatArray()) {
                    assertFalse(Float.isFinite(value), "scaled by " + scale);
                }
                for (float value : PlannedModel.onlyForOne(manager, null, manager.create(scale), new Shape(2)).toFloatArray()) {
                    assertFalse(Float.isFinite(value), "scaled by " + scale + ", nothing else received");
                }
            }
        }
    }
}
