/**
 * Attention kernels: the same attention computed in different ways.
 *
 * <p>Letters used throughout: B = batch, H = query heads, G = key/value heads (H divisible by G; query head h uses
 * key/value head h div (H / G)), N = query positions, M = key positions, D = head dimension.
 */
package ai.spattention.kernel;
