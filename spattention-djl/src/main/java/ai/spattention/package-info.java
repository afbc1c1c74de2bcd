/**
 * The attention block for DJL models, and what it is made of. Begin at {@link ai.spattention.SpAttentionBlock}.
 *
 * <p>Letters used throughout: B = batch, N = query positions, M = key positions, C = model dimension, H = query heads, G =
 * key/value heads (H divisible by G), D = head dimension.
 */
package ai.spattention;
