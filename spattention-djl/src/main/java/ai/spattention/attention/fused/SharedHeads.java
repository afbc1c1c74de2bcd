package ai.spattention.attention.fused;

import ai.spattention.plan.KernelStep;
import ai.spattention.plan.Launches;
import ai.spattention.plan.Tensor;

/** The gradients of keys' or values' heads that several query heads share, in bfloat16. */
public final class SharedHeads {

    private static final int COLUMNS_OF_PROGRAM = 512;

    private SharedHeads() {}

    /**
     * Adds up what the query heads of a group give to the head that they share.
     *
     * @param launches where the step goes
     * @param array [T, H, D], query heads that share a head side by side; D is 32, 64, 128 or 256
     * @param out [T, G D], written; rows may lie apart
     */
    public static void sum(Launches launches, Tensor array, Tensor out) {
        long dim = array.size(2);
        long heads = out.size(1) / dim;
        long headsOfProgram = COLUMNS_OF_PROGRAM / dim;
        launches.add(new KernelStep(BandedAttention.LIBRARY, "sum_shared_heads-d" + dim, launches.target()).with("array", array)
                .with("out", out).with("out_pitch", out.strides()[0]).with("kv_heads", heads).with("group", array.size(1) / heads)
                .grid(array.size(0), (heads - 1) / headsOfProgram + 1, 1));
    }
}
