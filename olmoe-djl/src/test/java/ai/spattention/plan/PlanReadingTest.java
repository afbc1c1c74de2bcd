package ai.spattention.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.adamw.AdamWSteps;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TensorView.Type;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The reader of plans finds what is wrong with a plan. */
class PlanReadingTest {

    private static final CudaTarget TARGET = new CudaTarget(0, 90, 132, 232_448);

    private final PlanBuilder plan = new PlanBuilder(TARGET);
    private final Tensor weights = Tensor.dense(Region.fixed("weights", 4096, 400), 0, Type.FLOAT32, 100);
    private final Tensor high = plan.array("high", Type.BFLOAT16, 100);
    private final Tensor low = plan.array("low", Type.BFLOAT16, 100);

    @BeforeEach
    void begin() {
        plan.phase("only");
    }

    @Test
    void whatIsReadTooEarlyIsFound() {
        plan.add(AdamWSteps.split(TARGET, weights.columns(0, 60), high.columns(0, 60), low.columns(0, 60)));
        plan.add(AdamWSteps.join(TARGET, high, low, weights));
        plan.add(AdamWSteps.split(TARGET, weights, high, low));
        assertEquals(List.of("step 1 (join-sm_80) reads 80 bytes of high [100] that nothing wrote, the first at 120",
                "step 1 (join-sm_80) reads 80 bytes of low [100] that nothing wrote, the first at 120"),
                PlanReading.faults(plan.build(), List.of(), List.of()));
    }

    @Test
    void whatIsEmptyBesideTheArenaCountsToo() {
        plan.add(AdamWSteps.split(TARGET, weights, high, low));
        assertEquals(List.of("step 0 (split-sm_80) reads 400 bytes of weights [100] that nothing wrote, the first at 0",
                "nothing writes to weights"), PlanReading.faults(plan.build(), List.of(weights.region()), List.of()));
    }

    @Test
    void sumsMustBeAddedTo() {
        plan.add(new FillStep(weights));
        assertEquals(1, PlanReading.faults(plan.build(), List.of(), List.of(weights.region())).size());
    }

    @Test
    void arraysBeginWhereKernelsCanRead() {
        plan.add(AdamWSteps.split(TARGET, weights.columns(3, 50), high.columns(0, 50), low.columns(8, 50)));
        assertEquals(List.of("split-sm_80 takes weights [50] from byte 12 on"), PlanReading.misaligned(plan.build()));
    }
}
