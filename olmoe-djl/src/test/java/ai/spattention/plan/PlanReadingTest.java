package ai.spattention.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.crossentropy.CrossEntropySteps;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.swiglu.SwiGluSteps;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The reader of plans finds what is wrong with a plan. */
class PlanReadingTest {

    private final PlanBuilder plan = new PlanBuilder(new CudaTarget(0, 90, 132, 232_448));
    private final SwiGluSteps gate = new SwiGluSteps(plan);
    private final Tensor both = Tensor.dense(Region.fixed("both", 4096, 640), 0, Type.BFLOAT16, 10, 32);
    private final Tensor weights = Tensor.dense(Region.fixed("weights", 8192, 40), 0, Type.FLOAT32, 10);
    private final Tensor inner = plan.array("inner", Type.BFLOAT16, 10, 16);
    private final Tensor again = plan.array("again", Type.BFLOAT16, 10, 16);
    private final Tensor bothGradient = plan.array("gradient of both", Type.BFLOAT16, 10, 32);
    private final Tensor weightGradient = plan.array("gradient of weights", Type.FLOAT32, 10);

    @BeforeEach
    void begin() {
        plan.phase("only");
    }

    @Test
    void whatIsReadTooEarlyIsFound() {
        gate.forward(both.rows(0, 6), weights.rows(0, 6), inner.rows(0, 6));
        gate.backward(both, weights, inner, again, bothGradient, weightGradient);
        gate.forward(bothGradient, weightGradient, inner);
        assertEquals(List.of("step 1 (swiglu_backward-512-sm_80) reads 128 bytes of inner [10, 16] that nothing wrote, the first at 192"),
                PlanReading.faults(plan.build(), List.of(), List.of()));
    }

    @Test
    void whatIsEmptyBesideTheArenaCountsToo() {
        gate.forward(both, weights, inner);
        assertEquals(List.of("step 0 (swiglu_forward-512-sm_80) reads 40 bytes of weights [10] that nothing wrote, the first at 0",
                "nothing writes to weights"), PlanReading.faults(plan.build(), List.of(weights.region()), List.of()));
    }

    @Test
    void sumsMustBeAddedTo() {
        plan.add(new FillStep(weights));
        assertEquals(1, PlanReading.faults(plan.build(), List.of(), List.of(weights.region())).size());
    }

    @Test
    void arraysBeginWhereKernelsCanRead() {
        Tensor losses = Tensor.dense(Region.fixed("losses", 4096, 400), 0, Type.FLOAT32, 100);
        new CrossEntropySteps(plan).mean(losses.rows(3, 50), losses.rows(0, 1), losses.rows(8, 1));
        assertEquals(List.of("mean_loss-sm_80 takes losses [50] from byte 12 on"), PlanReading.misaligned(plan.build()));
    }
}
