/** RMS normalisation of a residual stream in a plan, with the sum before it. Begin at {@link ai.spattention.rmsnorm.RmsNormSteps}. */
package ai.spattention.rmsnorm;
