package ai.spattention.olmoe.pass;

import ai.spattention.crossentropy.CrossEntropySteps;
import ai.spattention.plan.Tensor;

/**
 * The output matrix and its loss in a pass, in slices of tokens where there are many logits. Fewer slices add to the matrix's gradient less often,
 * and the backward phase mostly needs as much memory again after them.
 */
final class HeadPass {

    /** How many logits exist at once, or a few more: 1 GiB. */
    private static final long LOGITS_OF_A_SLICE = 1L << 29;

    /** Slices are full tiles of products, but for the last. */
    private static final long ROWS_OF_A_TILE = 128;

    private final PassContext context;
    private final CrossEntropySteps entropy;

    HeadPass(PassContext context) {
        this.context = context;
        entropy = new CrossEntropySteps(context.plan);
    }

    /**
     * The mean cross-entropy, and its gradients at once.
     *
     * @param hidden [T, C], bfloat16
     * @param targets [T], int64
     * @param matrix [V, C], bfloat16
     * @param matrixGradient [V, C], float32, written or added to
     * @param hiddenGradient [T, C], bfloat16, written
     * @param loss [1], float32, written
     * @param add whether the matrix's gradient is added to what stands there
     */
    void forward(Tensor hidden, Tensor targets, Tensor matrix, Tensor matrixGradient, Tensor hiddenGradient, Tensor loss, boolean add) {
        context.plan.part("loss");
        long tokens = hidden.size(0);
        long classes = matrix.size(0);
        Tensor count = context.single("number of targets", 1);
        Tensor losses = context.single("losses", tokens);
        entropy.count(targets, count);
        long slice = rowsOfSlice(tokens, classes);
        for (long first = 0; first < tokens; first += slice) {
            long rows = Math.min(slice, tokens - first);
            Tensor logits = context.half("logits", rows, classes);
            Tensor part = hidden.rows(first, rows);
            context.products.timesTransposed(part, matrix, logits);
            entropy.gradients(logits, targets, losses, count, first);
            context.products.times(logits, matrix, hiddenGradient.rows(first, rows));
            context.products.transposedTimes(logits, part, matrixGradient, add || first > 0);
        }
        entropy.mean(losses, count, loss);
    }

    /** As few slices as the bound allows, about as large as each other. */
    static long rowsOfSlice(long tokens, long classes) {
        long slices = (Math.multiplyExact(tokens, classes) - 1) / LOGITS_OF_A_SLICE + 1;
        long tiles = ((tokens - 1) / slices) / ROWS_OF_A_TILE + 1;
        return Math.min(tokens, tiles * ROWS_OF_A_TILE);
    }
}
