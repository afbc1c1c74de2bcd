package ai.spattention.crossentropy;

import ai.djl.ndarray.NDArray;
import ai.spattention.common.InvalidInputException;
import ai.spattention.cuda.KernelLibrary;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.KernelStep;
import ai.spattention.plan.Launches;
import ai.spattention.plan.Tensor;
import ai.spattention.torch.Bfloat16;

/**
 * The launches of the cross-entropy of tokens' logits. The kernels are {@code src/main/kernel/cross_entropy}.
 *
 * <p>Letters: T tokens, V classes.
 */
public final class CrossEntropySteps {

    static final KernelLibrary LIBRARY = KernelLibrary.beside(CrossEntropySteps.class, "");

    private static final int UNIT_OF_CLASSES = 8;

    private final Launches launches;

    /**
     * Starts.
     *
     * @param launches where steps go
     */
    public CrossEntropySteps(Launches launches) {
        this.launches = launches;
    }

    /**
     * Whether there is a kernel for a model.
     *
     * @param hidden the hidden states, whose type and device count
     * @param classes V, the size of the vocabulary
     * @return true for bfloat16 on a GPU of compute capability 8.0 or newer, V a multiple of 8
     */
    public static boolean serves(NDArray hidden, long classes) {
        return Bfloat16.is(hidden) && hidden.getDevice().isGpu() && classes % UNIT_OF_CLASSES == 0
                && LIBRARY.runsOn(hidden.getDevice().getDeviceId());
    }

    private KernelStep step(String kernel) {
        return new KernelStep(LIBRARY, kernel, launches.target());
    }

    /**
     * The cross-entropy of some tokens' logits, which become its gradient: (softmax - one-hot) / count, 0 for tokens without target.
     *
     * @param logits [n, V], bfloat16
     * @param targets of all tokens, [T], int64; -100 for none
     * @param losses of all tokens, [T], float32; those of the n are written: 0 without target, NaN for a target that is no class
     * @param count by how many the sum of the losses will be divided, one number, float32
     * @param first the first row's token
     * @throws InvalidInputException if there are not as many losses as targets, fewer than rows, or arrays of other types
     */
    public void gradients(Tensor logits, Tensor targets, Tensor losses, Tensor count, long first) {
        logits.require(Type.BFLOAT16, -1, -1);
        targets.require(Type.INT64, -1);
        losses.require(Type.FLOAT32, targets.size(0));
        if (first < 0 || first + logits.size(0) > targets.size(0)) {
            throw new InvalidInputException("each row of logits needs a target (got " + logits.size(0) + " rows from token " + first
                    + " on, " + targets.size(0) + " targets)");
        }
        launches.add(step("cross_entropy").with("logits", logits).with("targets", targets).with("losses", losses)
                .with("count", count.require(Type.FLOAT32, count.sizes())).with("first", first).with("size", logits.size(1))
                .grid(logits.size(0), 1, 1));
    }

    /**
     * How many tokens have a target.
     *
     * @param targets [T], int64
     * @param count [1], float32, written
     */
    public void count(Tensor targets, Tensor count) {
        launches.add(step("count_targets").with("targets", targets.require(Type.INT64, -1)).with("count", count.require(Type.FLOAT32, 1))
                .with("T", targets.size(0)));
    }

    /**
     * loss = Σ losses / count.
     *
     * @param losses [T], float32
     * @param count [1], float32
     * @param loss [1], float32, written
     */
    public void mean(Tensor losses, Tensor count, Tensor loss) {
        launches.add(step("mean_loss").with("losses", losses.require(Type.FLOAT32, -1)).with("count", count.require(Type.FLOAT32, 1))
                .with("loss", loss.require(Type.FLOAT32, 1)).with("T", losses.size(0)));
    }
}
