package ai.spattention.adamw;

import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.KernelLibrary;
import ai.spattention.plan.KernelStep;
import ai.spattention.plan.Tensor;

/** Steps of the optimizer on weights in two halves. The kernels are {@code src/main/kernel/adamw}. */
public final class AdamWSteps {

    static final KernelLibrary LIBRARY = KernelLibrary.beside(AdamWSteps.class, "");

    private static final int BLOCK = 1024;

    private AdamWSteps() {}

    /**
     * Cuts float32 numbers into halves of 16 bits: bits = (high << 16) + low, high the number rounded to bfloat16, low signed.
     *
     * @param target the GPU
     * @param weights the numbers, without gaps
     * @param high written, as many
     * @param low written, as many
     * @return the step
     */
    public static KernelStep split(CudaTarget target, Tensor weights, Tensor high, Tensor low) {
        return halves("split", target, weights, high, low);
    }

    /**
     * Puts the halves together.
     *
     * @param target the GPU
     * @param high the upper halves
     * @param low the lower halves
     * @param weights written
     * @return the step
     */
    public static KernelStep join(CudaTarget target, Tensor high, Tensor low, Tensor weights) {
        return halves("join", target, weights, high, low);
    }

    private static KernelStep halves(String kernel, CudaTarget target, Tensor weights, Tensor high, Tensor low) {
        return new KernelStep(LIBRARY, kernel, target).with("weights", weights).with("high", high).with("low", low)
                .with("count", weights.elements()).grid((weights.elements() - 1) / BLOCK + 1, 1, 1);
    }
}
