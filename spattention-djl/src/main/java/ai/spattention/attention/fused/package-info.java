/**
 * Attention by GPU kernels of this project's own: begin at {@link ai.spattention.attention.fused.FusedKernel} for DJL's arrays, at
 * {@link ai.spattention.attention.fused.FusedSteps} for a plan. Letters as in {@link ai.spattention.attention}.
 */
package ai.spattention.attention.fused;
