/** RMS normalisation of a residual stream, with the sum before it. Begin at {@link ai.spattention.rmsnorm.RmsNormSteps}. */
package ai.spattention.rmsnorm;
