package ai.spattention.rmsnorm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.plan.ArrayLaunches;
import ai.spattention.plan.RecordedLaunches;
import ai.spattention.segment.ExplicitPart;
import ai.spattention.torch.Bfloat16;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a block's norm launches on which arrays; nothing is run. */
class RmsNormPartTest {

    private final NDManager manager = NDManager.newBaseManager();
    private final RecordedLaunches recorded = new RecordedLaunches(90);
    private final RmsNormPart part = new RmsNormPart(1e-5f, list -> list);
    private final NDArray x = manager.randomNormal(new Shape(2, 1500, 64));
    private final NDArray branch = Bfloat16.of(manager.randomNormal(new Shape(2, 1500, 64)));
    private final NDArray weight = manager.ones(new Shape(64));

    @AfterEach
    void close() {
        manager.close();
    }

    private static long address(NDArray array) {
        return TorchTensors.view(array).address();
    }

    @Test
    void aNormIsOneLaunchAndItsGradientsAreTwo() {
        NDList inputs = new NDList(x, weight);
        ExplicitPart.Forward forward;
        try (ArrayLaunches launches = recorded.over(x)) {
            forward = part.forward(launches, inputs);
        }
        NDArray y = forward.outputs().singletonOrThrow();
        NDArray root = forward.kept().singletonOrThrow();
        assertEquals(x.getShape(), y.getShape());
        assertTrue(Bfloat16.is(y));
        assertEquals(new Shape(3000), root.getShape());
        assertSame(manager, y.getManager());
        assertSame(manager, x.getManager());
        assertEquals(address(x), recorded.arrays(0).get("x").address());
        assertEquals(address(weight), recorded.arrays(0).get("weight").address());
        assertEquals(address(y), recorded.arrays(0).get("y").address());
        assertEquals(address(root), recorded.arrays(0).get("root").address());
        NDArray gradient = Bfloat16.of(manager.randomNormal(new Shape(2, 64, 1500))).transpose(0, 2, 1); // has to be copied
        NDArray[] found;
        try (ArrayLaunches launches = recorded.over(x, gradient)) {
            found = part.backward(launches, inputs, forward.kept(), gradient, null);
        }
        assertEquals(List.of("norm_forward-nothing-1024", "norm_backward-alone-1024", "sum_parts"), recorded.kernels());
        assertEquals(2, found.length);
        assertEquals(x.getShape(), found[0].getShape());
        assertEquals(DataType.FLOAT32, found[0].getDataType());
        assertEquals(weight.getShape(), found[1].getShape());
        assertEquals(address(found[0]), recorded.arrays(1).get("x_grad").address());
        assertNotEquals(address(gradient), recorded.arrays(1).get("y_grad").address());
        assertEquals(6L, recorded.numbers(1).get("each"));
        assertEquals(500L, recorded.numbers(2).get("count"));
        assertEquals(recorded.arrays(1).get("parts").address(), recorded.arrays(2).get("parts").address());
        assertEquals(address(found[1]), recorded.arrays(2).get("out").address());
    }

    @Test
    void aSumIsNormalisedInTheSameLaunch() {
        NDList inputs = new NDList(x, branch, weight);
        ExplicitPart.Forward forward;
        try (ArrayLaunches launches = recorded.over(x, branch)) {
            forward = part.forward(launches, inputs);
        }
        NDArray total = forward.outputs().get(0);
        assertEquals(DataType.FLOAT32, total.getDataType());
        assertTrue(Bfloat16.is(forward.outputs().get(1)));
        assertSame(total, forward.kept().get(1));
        assertEquals(address(total), recorded.arrays(0).get("total").address());
        assertEquals(address(branch), recorded.arrays(0).get("branch").address());
        NDArray gradient = Bfloat16.of(manager.randomNormal(x.getShape()));
        NDArray totalGradient = manager.randomNormal(x.getShape());
        NDArray[] found;
        try (ArrayLaunches launches = recorded.over(total, gradient, totalGradient)) {
            found = part.backward(launches, inputs, forward.kept(), gradient, totalGradient);
        }
        assertEquals(List.of("norm_forward-branch-1024", "norm_backward-branch-1024", "sum_parts"), recorded.kernels());
        assertEquals(address(total), recorded.arrays(1).get("x").address());
        assertEquals(address(gradient), recorded.arrays(1).get("y_grad").address());
        assertEquals(address(totalGradient), recorded.arrays(1).get("total_grad").address());
        assertEquals(address(found[0]), recorded.arrays(1).get("x_grad").address());
        assertEquals(address(found[1]), recorded.arrays(1).get("branch_grad").address());
        assertEquals(address(found[2]), recorded.arrays(2).get("out").address());
        assertNotEquals(address(totalGradient), address(found[0]), "a gradient that others may read stays as it is");
        try (ArrayLaunches launches = recorded.over(total, gradient)) {
            assertEquals(3, part.backward(launches, inputs, forward.kept(), gradient, null).length);
        }
        assertEquals("norm_backward-last-1024", recorded.kernels().get(3));
    }

    @Test
    void aProcessorIsNotServed() {
        assertFalse(RmsNormSteps.serves(x));
    }
}
