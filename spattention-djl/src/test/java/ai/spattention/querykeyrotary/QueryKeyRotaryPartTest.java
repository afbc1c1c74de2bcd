package ai.spattention.querykeyrotary;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.plan.ArrayLaunches;
import ai.spattention.plan.RecordedLaunches;
import ai.spattention.segment.ExplicitPart;
import ai.spattention.torch.Bfloat16;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a block's rotation launches on which arrays; nothing is run. */
class QueryKeyRotaryPartTest {

    private static final int FIRST = 5;

    private final NDManager manager = NDManager.newBaseManager();
    private final RecordedLaunches recorded = new RecordedLaunches(80);
    private final NDList table = new NDList(manager.ones(new Shape(FIRST + 7, 32)), manager.zeros(new Shape(FIRST + 7, 32)));
    private final QueryKeyRotaryPart part = new QueryKeyRotaryPart(table, FIRST, 1e-5f, list -> list);
    private final NDList inputs = new NDList(Bfloat16.of(manager.randomNormal(new Shape(2, 7, 192))), manager.ones(new Shape(192)));

    @AfterEach
    void close() {
        manager.close();
    }

    private static long address(NDArray array) {
        return TorchTensors.view(array).address();
    }

    private ExplicitPart.Forward forward() {
        try (ArrayLaunches launches = recorded.over(inputs.get(0))) {
            return part.forward(launches, inputs);
        }
    }

    @Test
    void theResultIsAViewOfRows() {
        NDArray heads = forward().outputs().singletonOrThrow();
        assertEquals(List.of("rotary_forward-half32-512"), recorded.kernels());
        assertEquals(new Shape(2, 3, 7, 64), heads.getShape());
        assertArrayEquals(new long[] {7 * 192, 64, 192, 1}, TorchTensors.view(heads).strides());
        assertTrue(Bfloat16.is(heads));
        assertEquals(address(heads), recorded.arrays(0).get("y").address());
        assertEquals(address(inputs.get(0)), recorded.arrays(0).get("x").address());
        assertEquals(address(table.get(1)), recorded.arrays(0).get("sin").address());
        assertEquals((long) FIRST, recorded.numbers(0).get("first"));
        assertEquals(7L, recorded.numbers(0).get("length"));
        assertEquals(192L, recorded.numbers(0).get("x_pitch"));
    }

    @Test
    void aGradientIsTakenAsRowsOrCopied() {
        ExplicitPart.Forward forward = forward();
        NDArray rows = Bfloat16.of(manager.randomNormal(new Shape(2, 7, 3, 64)));
        backward(forward.kept(), rows.transpose(0, 2, 1, 3));
        assertEquals(address(rows), recorded.arrays(1).get("y_grad").address());
        NDArray heads = Bfloat16.of(manager.randomNormal(new Shape(2, 3, 7, 64)));
        NDArray[] found = backward(forward.kept(), heads);
        assertNotEquals(address(heads), recorded.arrays(3).get("y_grad").address());
        assertEquals(List.of("rotary_forward-half32-512", "rotary_backward-half32-512", "sum_parts", "rotary_backward-half32-512",
                "sum_parts"), recorded.kernels());
        assertEquals(inputs.get(0).getShape(), found[0].getShape());
        assertTrue(Bfloat16.is(found[0]));
        assertEquals(address(found[0]), recorded.arrays(3).get("x_grad").address());
        assertEquals(192L, recorded.numbers(3).get("x_grad_pitch"));
        assertEquals((long) FIRST, recorded.numbers(3).get("first"));
        assertEquals(address(forward.kept().singletonOrThrow()), recorded.arrays(3).get("root").address());
        assertEquals(address(found[1]), recorded.arrays(4).get("out").address());
    }

    private NDArray[] backward(NDList kept, NDArray gradient) {
        try (ArrayLaunches launches = recorded.over(inputs.get(0), gradient)) {
            return part.backward(launches, inputs, kept, gradient);
        }
    }

    @Test
    void positionsWithoutAnglesAreRefused() {
        QueryKeyRotaryPart later = new QueryKeyRotaryPart(table, FIRST + 1, 1e-5f, list -> list);
        try (ArrayLaunches launches = recorded.over(inputs.get(0))) {
            assertEquals("there are angles of 12 positions (got 7 from 6 on)",
                    assertThrows(IllegalArgumentException.class, () -> later.forward(launches, inputs)).getMessage());
        }
        assertFalse(QueryKeyRotarySteps.serves(inputs.get(0), 64));
    }
}
