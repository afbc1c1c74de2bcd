/**
 * Attention by GPU kernels of this project's own: begin at {@link ai.spattention.attention.fused.BandedAttention}, whose launches run in a
 * plan or at once; {@link ai.spattention.attention.fused.FusedKernel} is what a model of DJL's arrays uses. Letters as in {@link
 * ai.spattention.attention}.
 */
package ai.spattention.attention.fused;
