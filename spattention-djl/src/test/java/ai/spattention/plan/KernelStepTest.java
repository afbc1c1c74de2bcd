package ai.spattention.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.crossentropy.CrossEntropySteps;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.KernelLibrary;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.groupedmatmul.GroupedMatmulSteps;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KernelStepTest {

    private static final KernelLibrary LOSSES = KernelLibrary.beside(CrossEntropySteps.class, "");
    private static final KernelLibrary EXPERTS = KernelLibrary.beside(GroupedMatmulSteps.class, "");

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
        assertEquals("mean_loss-sm_80", new KernelStep(LOSSES, "mean_loss", target(computeCapability)).toString());
        assertEquals("rows-" + architecture, EXPERTS.find("rows", computeCapability).orElseThrow().name());
        assertTrue(EXPERTS.find("columns", computeCapability).isEmpty());
        assertEquals(EXPERTS.variant("rows-" + architecture).rows(), GroupedMatmulSteps.rowsOfTile(target(computeCapability)));
    }

    @Test
    void anOlderGpuHasNoCode() {
        assertEquals("there is no kernel rows for compute capability 75",
                assertThrows(IllegalStateException.class, () -> new KernelStep(EXPERTS, "rows", target(75))).getMessage());
    }

    @Test
    void whatIsMissingIsNamedBeforeAnythingRuns() {
        KernelStep step = new KernelStep(LOSSES, "mean_loss", target(90)).with("losses", numbers(Type.FLOAT32, 5))
                .with("count", numbers(Type.FLOAT32, 1)).with("T", 5);
        assertEquals("kernel mean_loss-sm_80 was given no 'loss'", assertThrows(IllegalStateException.class, step::check).getMessage());
        step.with("loss", numbers(Type.FLOAT32, 1)).check();
        PlanBuilder plan = new PlanBuilder(target(90));
        plan.phase("only");
        plan.add(new KernelStep(LOSSES, "count_targets", target(90)));
        assertThrows(IllegalStateException.class, plan::build);
    }

    @Test
    void aLaunchTakesWhatItsKernelsTake() {
        KernelStep step = new KernelStep(LOSSES, "mean_loss", target(90));
        assertEquals("no kernel beside ai.spattention.crossentropy.CrossEntropySteps takes a 'z'",
                assertThrows(IllegalArgumentException.class, () -> step.with("z", 1)).getMessage());
        Tensor odd = Tensor.dense(Region.fixed("odd numbers", 4096 + 8, 64), 0, Type.FLOAT32, 5);
        assertEquals("kernels take arrays that start at multiples of 16 bytes: odd numbers starts at 1008",
                assertThrows(InvalidInputException.class, () -> step.with("losses", odd).prepare()).getMessage());
    }

    @Test
    void theStepWorksOnWhatItWasGiven() {
        KernelStep step = new KernelStep(LOSSES, "count_targets", target(80)).with("targets", numbers(Type.INT64, 5))
                .with("count", numbers(Type.FLOAT32, 1)).with("T", 5).grid(3, 2, 1);
        assertEquals(List.of(Type.FLOAT32, Type.INT64), step.tensors().stream().map(Tensor::type).sorted().toList());
        assertEquals(Set.of("targets", "count"), step.arrays().keySet());
        assertEquals(Map.of("T", 5), step.numbers());
        step.check();
    }

    @Test
    void rowsHaveBlocksOfPowersOfTwo() {
        assertEquals(512, KernelStep.block(1, 512));
        assertEquals(512, KernelStep.block(512, 512));
        assertEquals(1024, KernelStep.block(513, 512));
        assertEquals(4096, KernelStep.block(4096, 512));
    }
}
