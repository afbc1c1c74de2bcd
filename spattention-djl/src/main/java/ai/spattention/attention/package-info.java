/**
 * What a plan's attention needs beside the fused kernel ({@link ai.spattention.kernel.FusedSteps}). Begin at {@link
 * ai.spattention.attention.SharedHeadsSteps}.
 */
package ai.spattention.attention;
