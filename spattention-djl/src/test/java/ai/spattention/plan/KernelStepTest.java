package ai.spattention.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.InvalidInputException;
import ai.spattention.adamw.AdamWSteps;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.KernelLibrary;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.grouped.ExpertRows;
import ai.spattention.grouped.GroupedSteps;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KernelStepTest {

    private static final KernelLibrary HALVES = KernelLibrary.beside(AdamWSteps.class, "");
    private static final KernelLibrary EXPERTS = KernelLibrary.beside(ExpertRows.class, "");

    private static CudaTarget target(int computeCapability) {
        return new CudaTarget(0, computeCapability, 100, 101_376);
    }

    private static Tensor numbers(Type type, long count) {
        return Tensor.dense(Region.fixed("numbers", 4096, 8 * count), 0, type, count);
    }

    @ParameterizedTest
    @CsvSource({"80, sm_80", "86, sm_80", "89, sm_80", "90, sm_90a", "100, sm_80", "120, sm_80"})
    void theGpuDecidesTheCode(int computeCapability, String architecture) {
        assertEquals("rows-" + architecture, new KernelStep(EXPERTS, "rows", target(computeCapability)).variant().name());
        assertEquals("split-sm_80", new KernelStep(HALVES, "split", target(computeCapability)).toString());
        assertEquals("rows-" + architecture, EXPERTS.find("rows", computeCapability).orElseThrow().name());
        assertTrue(EXPERTS.find("columns", computeCapability).isEmpty());
        assertEquals(EXPERTS.variant("rows-" + architecture).rows(), GroupedSteps.rowsOfTile(target(computeCapability)));
    }

    @Test
    void anOlderGpuHasNoCode() {
        assertEquals("there is no kernel rows for compute capability 75",
                assertThrows(IllegalStateException.class, () -> new KernelStep(EXPERTS, "rows", target(75))).getMessage());
    }

    @Test
    void whatIsMissingIsNamedBeforeAnythingRuns() {
        KernelStep step = new KernelStep(HALVES, "split", target(90)).with("weights", numbers(Type.FLOAT32, 5))
                .with("high", numbers(Type.BFLOAT16, 5)).with("count", 5);
        assertEquals("kernel split-sm_80 was given no 'low'", assertThrows(IllegalStateException.class, step::check).getMessage());
        step.with("low", numbers(Type.BFLOAT16, 5)).check();
        PlanBuilder plan = new PlanBuilder(target(90));
        plan.phase("only");
        plan.add(new KernelStep(HALVES, "join", target(90)));
        assertThrows(IllegalStateException.class, plan::build);
    }

    @Test
    void aLaunchTakesWhatItsKernelsTake() {
        KernelStep step = new KernelStep(HALVES, "split", target(90));
        assertEquals("no kernel beside ai.spattention.adamw.AdamWSteps takes a 'z'",
                assertThrows(IllegalArgumentException.class, () -> step.with("z", 1)).getMessage());
        Tensor odd = Tensor.dense(Region.fixed("odd numbers", 4096 + 8, 64), 0, Type.FLOAT32, 5);
        assertEquals("kernels take arrays that start at multiples of 16 bytes: odd numbers starts at 1008",
                assertThrows(InvalidInputException.class, () -> step.with("weights", odd).prepare()).getMessage());
    }

    @Test
    void theStepWorksOnWhatItWasGiven() {
        KernelStep step = AdamWSteps.split(target(80), numbers(Type.FLOAT32, 5), numbers(Type.BFLOAT16, 5), numbers(Type.BFLOAT16, 5));
        assertEquals(List.of(Type.BFLOAT16, Type.BFLOAT16, Type.FLOAT32), step.tensors().stream().map(Tensor::type).sorted().toList());
        step.check();
    }
}
