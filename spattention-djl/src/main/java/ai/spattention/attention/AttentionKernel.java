package ai.spattention.attention;

import ai.djl.ndarray.NDArray;
import ai.spattention.common.InvalidInputException;
import java.util.Optional;

/**
 * One way to compute attention. Implementations hold no state of a computation and are differentiable by the engine.
 *
 * <p>A kernel of your own is found by its name where this project's are ({@code ai.spattention.attention.auto.Kernels}): its class is public,
 * has a public constructor without arguments, and is listed in {@code META-INF/services/ai.spattention.attention.AttentionKernel}. The
 * test class {@code AttentionKernelConformance} of this library's test jar holds it to what is said here.
 */
public interface AttentionKernel {

    /**
     * The name by which configurations and reports know the kernel.
     *
     * @return a name of lower-case letters, digits and {@code -}, which begins with a letter
     */
    String name();

    /**
     * Says why the kernel cannot compute a call. {@link #attend} refuses such a call with this reason. Unless a kernel says otherwise, it
     * computes all calls whose pattern has masks.
     *
     * @param call the call
     * @return the reason, for people, starting in lower case; empty if the kernel can compute it
     */
    default Optional<String> unsupported(AttentionCall call) {
        return call.unsupportedPattern();
    }

    /**
     * The kernel that computes a call.
     *
     * @param call the call
     * @return this kernel, or the one that it chooses for the call
     */
    default AttentionKernel kernelFor(AttentionCall call) {
        return this;
    }

    /**
     * Computes softmax(scale · Q Kᵀ over the keys that the layout allows) V with scale = 1 / √D. A query that sees no key
     * gives 0 and passes no gradient on.
     *
     * <p>The N queries are the last N of the M positions: N = M without a cache, N &lt; M when earlier keys and values were
     * kept.
     *
     * @param queries [B, H, N, D]
     * @param keys [B, G, M, D], M &gt;= N
     * @param values [B, G, M, D]
     * @param layout the pattern and its layout length
     * @param dropout the probability with which an attention weight is dropped while training, in [0, 1)
     * @param training whether to apply dropout, and whether autograd may pass through the result
     * @return [B, H, N, D], attached to the queries' manager
     * @throws InvalidInputException if the arrays do not fit together in shape, type or device, or the call is {@link #unsupported}
     */
    default NDArray attend(NDArray queries, NDArray keys, NDArray values, AttentionLayout layout, float dropout,
            boolean training) {
        return attend(queries, keys, values, null, layout, dropout, training);
    }

    /**
     * The same, where a query sees only keys of its own document: several documents are packed into one sequence.
     * Distances are those in the sequence.
     *
     * @param queries [B, H, N, D]
     * @param keys [B, G, M, D], M &gt;= N
     * @param values [B, G, M, D]
     * @param documents [B, M], int64: each position's document, any number at least 0; null for one document
     * @param layout the pattern and its layout length
     * @param dropout the probability with which an attention weight is dropped while training, in [0, 1)
     * @param training whether to apply dropout, and whether autograd may pass through the result
     * @return [B, H, N, D], attached to the queries' manager
     * @throws InvalidInputException if the arrays do not fit together in shape, type or device, or the call is {@link #unsupported}
     */
    NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            float dropout, boolean training);
}
