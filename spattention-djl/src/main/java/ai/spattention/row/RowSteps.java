package ai.spattention.row;

import ai.spattention.plan.KernelStep;
import ai.spattention.plan.Launches;
import ai.spattention.plan.Tensor;

/**
 * The experts' gated activation and the loss of logits in a plan.
 *
 * <p>Letters: S rows, I an expert's width, T tokens, V classes.
 */
public final class RowSteps {

    private final Launches launches;

    /**
     * Starts.
     *
     * @param launches where steps go
     */
    public RowSteps(Launches launches) {
        this.launches = launches;
    }

    private KernelStep gate(String kernel, Tensor both, Tensor rowWeights) {
        long size = both.size(1) / 2;
        return new KernelStep(RowKernels.LIBRARY, kernel + "-" + KernelStep.block(size, 512), launches.target()).with("both", both)
                .with("row_weight", rowWeights).with("size", size).grid(both.size(0), 1, 1);
    }

    /**
     * inner = silu(gate) · up · weight.
     *
     * @param both gate before up, [S, 2 I], bfloat16
     * @param rowWeights [S], float32
     * @param inner [S, I], bfloat16, written
     */
    public void gateForward(Tensor both, Tensor rowWeights, Tensor inner) {
        launches.add(gate("gate_forward", both, rowWeights).with("inner", inner));
    }

    /**
     * The gradients of {@link #gateForward}, and its result once more.
     *
     * @param both from the forward pass
     * @param rowWeights from the forward pass
     * @param innerGradient [S, I], bfloat16
     * @param inner [S, I], bfloat16, written
     * @param bothGradient [S, 2 I], bfloat16, written
     * @param rowWeightGradients [S], float32, written
     */
    public void gateBackward(Tensor both, Tensor rowWeights, Tensor innerGradient, Tensor inner, Tensor bothGradient,
            Tensor rowWeightGradients) {
        launches.add(gate("gate_backward", both, rowWeights).with("inner_grad", innerGradient).with("inner", inner)
                .with("both_grad", bothGradient).with("row_weight_grad", rowWeightGradients));
    }

    /**
     * The cross-entropy of some tokens' logits, which become its gradient.
     *
     * @param logits [n, V], bfloat16
     * @param targets of all tokens, [T], int64; -100 for none
     * @param losses of all tokens, [T], float32; those of the n are written
     * @param count by how many the sum of the losses will be divided, [1], float32
     * @param first the first row's token
     */
    public void crossEntropy(Tensor logits, Tensor targets, Tensor losses, Tensor count, long first) {
        launches.add(new KernelStep(RowKernels.LIBRARY, "cross_entropy-4096", launches.target()).with("logits", logits).with("targets", targets)
                .with("losses", losses).with("count", count).with("first", first).with("size", logits.size(1))
                .grid(logits.size(0), 1, 1));
    }

    /**
     * How many tokens have a target.
     *
     * @param targets [T], int64
     * @param count [1], float32, written
     */
    public void countTargets(Tensor targets, Tensor count) {
        launches.add(new KernelStep(RowKernels.LIBRARY, "count_targets-1024", launches.target()).with("targets", targets).with("count", count)
                .with("rows", targets.size(0)));
    }

    /**
     * loss = Σ losses / count.
     *
     * @param losses [T], float32
     * @param count [1], float32
     * @param loss [1], float32, written
     */
    public void meanLoss(Tensor losses, Tensor count, Tensor loss) {
        launches.add(new KernelStep(RowKernels.LIBRARY, "mean_loss-1024", launches.target()).with("losses", losses).with("count", count)
                .with("loss", loss).with("rows", losses.size(0)));
    }
}
