package ai.spattention.olmoe.moe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.plan.ArrayLaunches;
import ai.spattention.plan.CheckedLaunches;
import ai.spattention.segment.ExplicitPart;
import ai.spattention.torch.Bfloat16;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the experts launch, and the arrays that they give; nothing is run. */
class GroupedExpertsPartTest {

    @ParameterizedTest
    @CsvSource({"90, sm_90a", "80, sm_80"})
    void allExpertsAreOneLaunchAProduct(int computeCapability, String architecture) {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray hidden = Bfloat16.of(manager.randomNormal(new Shape(5, 64)));
            NDArray weights = manager.ones(new Shape(5, 2));
            NDArray chosen = manager.create(new long[] {0, 2, 1, 2, 0, 1, 2, 0, 2, 1}, new Shape(5, 2));
            NDList inputs = new NDList(hidden, weights, manager.randomNormal(new Shape(3, 256, 64)),
                    manager.randomNormal(new Shape(3, 64, 128)));
            GroupedExpertsPart part = new GroupedExpertsPart(chosen);
            List<String> names = new ArrayList<>();
            ExplicitPart.Forward forward;
            try (ArrayLaunches launches = CheckedLaunches.over(computeCapability, names, hidden, weights, chosen)) {
                forward = part.forward(launches, inputs);
            }
            assertEquals(List.of("spread_rows-1024-" + architecture, "rows-transposed-" + architecture, "swiglu_forward-512-sm_80",
                    "rows-transposed-" + architecture, "sum_slots-1024-" + architecture), names);
            NDArray result = forward.outputs().singletonOrThrow();
            assertEquals(hidden.getShape(), result.getShape());
            assertTrue(Bfloat16.is(result));
            assertSame(manager, result.getManager());
            forward.kept().forEach(kept -> assertSame(manager, kept.getManager()));
            assertEquals(new Shape(10, 256), forward.kept().get(4).getShape());
            names.clear();
            NDArray gradient = manager.randomNormal(new Shape(5, 64)); // of another type
            NDArray[] found;
            try (ArrayLaunches launches = CheckedLaunches.over(computeCapability, names, hidden, weights, forward.kept().get(4),
                    forward.kept().get(5), gradient, forward.kept().get(0))) {
                found = part.backward(launches, inputs, forward.kept(), gradient);
            }
            assertEquals(List.of("spread_rows-1024-" + architecture, "rows-" + architecture, "swiglu_backward-512-sm_80",
                    "matrices-" + architecture, "spread_rows-1024-" + architecture, "matrices-" + architecture, "rows-" + architecture,
                    "sum_slots-1024-" + architecture), names);
            for (int i = 0; i < inputs.size(); i++) {
                assertEquals(inputs.get(i).getShape(), found[i].getShape());
                assertSame(manager, found[i].getManager());
            }
            assertEquals(DataType.FLOAT32, found[1].getDataType());
            assertSame(manager, hidden.getManager());
        }
    }
}
