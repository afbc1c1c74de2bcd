package ai.spattention.attention;

import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.KernelLibrary;
import ai.spattention.plan.KernelStep;
import ai.spattention.plan.PlanBuilder;
import ai.spattention.plan.Tensor;

/** The gradients of keys' or values' heads that several query heads share, in a plan. */
public final class SharedHeadsSteps {

    static final KernelLibrary LIBRARY = KernelLibrary.beside(SharedHeadsSteps.class, "");

    private static final int COLUMNS_OF_PROGRAM = 512;

    private SharedHeadsSteps() {}

    /**
     * Adds up what the query heads of a group give to the head that they share.
     *
     * @param plan where the step goes
     * @param target the GPU
     * @param array [T, H, D], bfloat16, query heads that share a head side by side
     * @param out [T, G D], bfloat16, written; rows may lie apart
     */
    public static void sum(PlanBuilder plan, CudaTarget target, Tensor array, Tensor out) {
        long dim = array.size(2);
        long heads = out.size(1) / dim;
        long headsOfProgram = COLUMNS_OF_PROGRAM / dim;
        plan.add(new KernelStep(LIBRARY, "sum_shared_heads-d" + dim, target).with("array", array).with("out", out)
                .with("out_pitch", out.strides()[0]).with("heads", heads).with("group", array.size(1) / heads)
                .grid(array.size(0), (heads - 1) / headsOfProgram + 1, 1));
    }
}
