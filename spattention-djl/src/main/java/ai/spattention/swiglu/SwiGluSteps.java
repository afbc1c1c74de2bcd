package ai.spattention.swiglu;

import ai.djl.ndarray.NDArray;
import ai.spattention.cuda.KernelLibrary;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.KernelStep;
import ai.spattention.plan.Launches;
import ai.spattention.plan.Tensor;
import ai.spattention.torch.Bfloat16;

/**
 * The launches of the experts' gated activation. The kernels are {@code src/main/kernel/swiglu}.
 *
 * <p>Letters: S rows, I an expert's width.
 */
public final class SwiGluSteps {

    static final KernelLibrary LIBRARY = KernelLibrary.beside(SwiGluSteps.class, "");

    private static final int MOST_COLUMNS = 4096;
    private static final int UNIT_OF_COLUMNS = 16;
    private static final int SMALLEST_BLOCK = 512;

    private final Launches launches;

    /**
     * Starts.
     *
     * @param launches where steps go
     */
    public SwiGluSteps(Launches launches) {
        this.launches = launches;
    }

    /**
     * Whether there is a kernel for experts.
     *
     * @param tokens the tokens' states, whose type and device count
     * @param size I
     * @return true for bfloat16 on a GPU of compute capability 8.0 or newer, I a multiple of 16 up to 4,096
     */
    public static boolean serves(NDArray tokens, long size) {
        return Bfloat16.is(tokens) && tokens.getDevice().isGpu() && size % UNIT_OF_COLUMNS == 0 && size <= MOST_COLUMNS
                && LIBRARY.runsOn(tokens.getDevice().getDeviceId());
    }

    /**
     * inner = silu(gate) · up · weight.
     *
     * @param both gate before up, [S, 2 I], bfloat16
     * @param rowWeights [S], float32
     * @param inner [S, I], bfloat16, written
     */
    public void forward(Tensor both, Tensor rowWeights, Tensor inner) {
        launches.add(step("swiglu_forward", both, rowWeights, inner));
    }

    /**
     * The gradients of {@link #forward}, and its result once more.
     *
     * @param both from the forward pass
     * @param rowWeights from the forward pass
     * @param innerGradient [S, I], bfloat16
     * @param inner [S, I], bfloat16, written
     * @param bothGradient [S, 2 I], bfloat16, written; may be {@code both}
     * @param rowWeightGradients [S], float32, written
     */
    public void backward(Tensor both, Tensor rowWeights, Tensor innerGradient, Tensor inner, Tensor bothGradient,
            Tensor rowWeightGradients) {
        launches.add(step("swiglu_backward", both, rowWeights, inner).with("inner_grad", innerGradient.require(Type.BFLOAT16, inner.sizes()))
                .with("both_grad", bothGradient.require(Type.BFLOAT16, both.sizes()))
                .with("row_weight_grad", rowWeightGradients.require(Type.FLOAT32, both.size(0))));
    }

    private KernelStep step(String kernel, Tensor both, Tensor rowWeights, Tensor inner) {
        long rows = both.require(Type.BFLOAT16, -1, -1).size(0);
        long size = both.size(1) / 2;
        return new KernelStep(LIBRARY, kernel + "-" + KernelStep.block(size, SMALLEST_BLOCK), launches.target()).with("both", both)
                .with("row_weight", rowWeights.require(Type.FLOAT32, rows)).with("inner", inner.require(Type.BFLOAT16, rows, size))
                .with("size", size).grid(rows, 1, 1);
    }
}
