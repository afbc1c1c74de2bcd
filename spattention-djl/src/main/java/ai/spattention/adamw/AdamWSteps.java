package ai.spattention.adamw;

import ai.spattention.cuda.CudaDevice;
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
     * @param device the GPU
     * @param weights the numbers, without gaps
     * @param high written, as many
     * @param low written, as many
     * @return the step
     */
    public static KernelStep split(CudaDevice device, Tensor weights, Tensor high, Tensor low) {
        return halves("split", device, weights, high, low);
    }

    /**
     * Puts the halves together.
     *
     * @param device the GPU
     * @param high the upper halves
     * @param low the lower halves
     * @param weights written
     * @return the step
     */
    public static KernelStep join(CudaDevice device, Tensor high, Tensor low, Tensor weights) {
        return halves("join", device, weights, high, low);
    }

    private static KernelStep halves(String kernel, CudaDevice device, Tensor weights, Tensor high, Tensor low) {
        return new KernelStep(LIBRARY, kernel, device).with("weights", weights).with("high", high).with("low", low)
                .with("count", weights.elements()).grid((weights.elements() - 1) / BLOCK + 1, 1, 1);
    }
}
