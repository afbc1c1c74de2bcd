package ai.spattention.olmoe.pass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.spattention.olmoe.loss.OlmoeLoss;
import ai.spattention.segment.ExplicitPart;
import ai.spattention.segment.SegmentTape;
import org.junit.jupiter.api.Test;

class PlannedModelTest {

    /** A pass as OLMoE's loss sees it: one layer's shares times its loads, and the same for all layers' squares. */
    @Test
    void theLossRunsOnWhatAPassGivesAndItsGradientsComeBack() {
        long layers = 2;
        long experts = 3;
        long[] loads = {5, 1, 2, 0, 4, 4};
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch"); SegmentTape tape = new SegmentTape(manager);
                GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            NDArray ownLoss = manager.create(new float[] {4.5f});
            NDArray padded = manager.create(new float[] {0.5f, 0.2f, 0.3f, 9, 0.1f, 0.6f, 0.3f, 9}, new Shape(layers, 4));
            NDList own = new NDList(ownLoss, manager.create(loads, new Shape(layers, experts)), padded.get(":, 0:3"),
                    manager.create(new float[] {7, 9, 9, 9, 11, 9, 9, 9}, new Shape(layers, 4)).get(":, 0:1"));
            NDArray[][] received = new NDArray[1][];
            NDList outputs = tape.run("pass", new ExplicitPart() {

                @Override
                public Forward forward(NDList inputs) {
                    return new Forward(PlannedModel.outputs(own, manager), new NDList());
                }

                @Override
                public NDArray[] backward(NDList inputs, NDList kept, NDArray[] gradients) {
                    received[0] = new NDArray[] {manager.create(gradients[0].getFloat()),
                        PlannedModel.onlyForOne(manager, gradients[2], gradients[0], new Shape(layers, experts)),
                        PlannedModel.onlyForOne(manager, gradients[3], gradients[0], new Shape(layers, 1))};
                    return new NDArray[0];
                }

                @Override
                public NDList differentiable(NDList inputs) {
                    throw new AssertionError("not cut");
                }
            }, new NDList());
            ownLoss.set(new float[] {100}); // as the next pass would
            NDArray targets = manager.zeros(new Shape(2, 2), DataType.INT64);
            NDArray loss = new OlmoeLoss(0.5, 0.25).evaluate(new NDList(targets), outputs);
            // 3 experts / (2 layers 4 tokens) * Σ over experts of chosen * mean probability, and the mean of 7 and 11
            double balancing = 3 / 8.0 * (5 * 0.3 + 5 * 0.4 + 6 * 0.3);
            assertEquals(4.5 + 0.5 * balancing + 0.25 * 9, loss.getFloat(), 1e-5);
            collector.backward(loss);
            tape.backward();
            assertEquals(1, received[0][0].getFloat());
            float each = 0.5f * 3 / 8 / 2;
            assertArrayEquals(new float[] {5 * each, 5 * each, 6 * each, 5 * each, 5 * each, 6 * each}, received[0][1].toFloatArray(), 1e-6f);
            assertArrayEquals(new float[] {0.125f, 0.125f}, received[0][2].toFloatArray(), 1e-6f);
            assertEquals(new Shape(layers, 1), received[0][2].getShape());
        }
    }

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
