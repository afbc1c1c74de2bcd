package ai.spattention.train.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.training.ParameterStore;
import ai.djl.training.optimizer.Adam;
import org.junit.jupiter.api.Test;

/** The parts that DJL lacks for the transformer of the benchmark. */
class TransformerPartsTest {

    private static final int LENGTH = 5;

    @Test
    void djlsBlockSeesThePastOnly() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            CausalScores block = new CausalScores(8, 2, 0, CausalScores.mask(manager, LENGTH));
            Shape shape = new Shape(2, LENGTH, 8);
            block.initialize(manager, DataType.FLOAT32, shape);
            NDArray input = manager.randomNormal(shape);
            for (int changed = 0; changed < LENGTH; changed++) {
                NDArray other = input.duplicate();
                other.set(new NDIndex(":, {}", changed), 3f);
                float[] difference = output(block, manager, other).sub(output(block, manager, input)).abs()
                        .sum(new int[] {0, 2}).toFloatArray();
                for (int position = 0; position < LENGTH; position++) {
                    assertEquals(position >= changed, difference[position] > 0, changed + " seen from " + position);
                }
            }
        }
    }

    @Test
    void djlsBlockDropsWeightsInTrainingOnly() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            CausalScores block = new CausalScores(8, 2, 0.5f, CausalScores.mask(manager, LENGTH));
            Shape shape = new Shape(2, LENGTH, 8);
            block.initialize(manager, DataType.FLOAT32, shape);
            NDArray input = manager.randomNormal(shape);
            assertEquals(output(block, manager, input), output(block, manager, input));
            NDArray trained = block.forward(new ParameterStore(manager, false), new NDList(input), true).singletonOrThrow();
            assertNotEquals(output(block, manager, input), trained);
        }
    }

    private static NDArray output(CausalScores block, NDManager manager, NDArray input) {
        return block.forward(new ParameterStore(manager, false), new NDList(input), false).singletonOrThrow();
    }

    @Test
    void adamsMomentsAreClosedWithTheirOwner() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray weight = manager.ones(new Shape(3));
            NDArray same = weight.duplicate();
            NDArray gradient = manager.create(new float[] {1, -2, 0.5f});
            NDManager owner = manager.newSubManager();
            OwnedAdam optimizer = new OwnedAdam(owner);
            Adam plain = Adam.builder().build();
            for (int step = 0; step < 3; step++) {
                optimizer.update("weight", weight, gradient);
                plain.update("weight", same, gradient);
            }
            assertArrayEquals(same.toFloatArray(), weight.toFloatArray());
            assertEquals(2, owner.getManagedArrays().size());
            NDArray moment = owner.getManagedArrays().get(0);
            owner.close();
            assertTrue(((PtNDArray) moment).isReleased());
        }
    }
}
