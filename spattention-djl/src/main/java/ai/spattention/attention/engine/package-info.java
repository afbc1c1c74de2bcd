/**
 * Attention by libtorch's operators: the obvious reference ({@link ai.spattention.attention.engine.MaskedKernel}), tiles of what a
 * pattern allows, dense attention, and FlashAttention with sliding windows. Letters as in {@link ai.spattention.attention}.
 * Begin at {@link ai.spattention.attention.engine.MaskedKernel}.
 */
package ai.spattention.attention.engine;
