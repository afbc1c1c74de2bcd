/**
 * Attention: what one call is ({@link ai.spattention.attention.AttentionCall}), and what computes it ({@link
 * ai.spattention.attention.AttentionKernel}), with gradients by libtorch or of its own. The sub-packages {@code engine} (libtorch's
 * operators, with the obvious reference) and {@code fused} (this project's GPU kernels, at once or in a plan) compute the same in
 * different ways, and {@code auto} chooses among them, or finds one by its name. Begin at
 * {@link ai.spattention.attention.AttentionKernel}.
 *
 * <p>Letters used throughout: B = batch, H = query heads, G = key/value heads (H divisible by G; query head h uses
 * key/value head h div (H / G)), N = query positions, M = key positions, D = head dimension.
 */
package ai.spattention.attention;
