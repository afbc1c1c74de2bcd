package ai.spattention.attention.fused;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.attention.AttentionDropout;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.plan.PlanBuilder;
import ai.spattention.plan.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Attention's steps in a plan that is made and not run: a step that lacks something is refused then. */
class BandedAttentionTest {

    private static final int HEADS = 2;
    private static final int DIM = 128;

    /** Three kernels, or four where one computes all gradients, and a counter filled with zeros for each of those that count the tiles they take. */
    @ParameterizedTest
    @CsvSource({"CAUSAL, 8191, 90, 6", "CAUSAL, 8190, 90, 5", "CAUSAL, 2047, 90, 4", "CAUSAL, 100, 90, 3", "LONGFORMER, 8191, 90, 3",
        "CAUSAL, 8191, 80, 3"})
    void countersAreFilledBeforeWideKernels(StandardPattern pattern, int length, int computeCapability, int steps) {
        PlanBuilder plan = new PlanBuilder(new CudaTarget(0, computeCapability, 132, 232_448));
        plan.phase("all");
        HeadTable heads = HeadTable.of(new AttentionLayout(pattern, LayoutLength.SEQUENCE).headMasks(HEADS, length), length);
        BandedAttention attention = new BandedAttention(plan, new BandedAttention.Sight(
                plan.array("heads", Type.INT32, HEADS, HeadTable.COLUMNS), heads.reach(length, length), null), DIM, AttentionDropout.NONE);
        BandedAttention.Forward arrays = new BandedAttention.Forward(rows(plan, length), rows(plan, length), rows(plan, length),
                rows(plan, length), plan.array("logarithms of sums", Type.FLOAT32, BandedAttention.lines(1, HEADS, length)));
        attention.findDocuments();
        attention.forward(arrays);
        attention.backward(arrays, rows(plan, length), rows(plan, length), rows(plan, length), rows(plan, length));
        assertEquals(steps, plan.build().size());
    }

    /** Of one sequence, [1, heads, length, D]. */
    private static Tensor rows(PlanBuilder plan, int length) {
        return plan.array("rows", Type.BFLOAT16, 1, HEADS, length, DIM);
    }
}
