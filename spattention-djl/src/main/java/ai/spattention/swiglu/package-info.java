/** The experts' gated activation (SwiGLU). Begin at {@link ai.spattention.swiglu.SwiGluSteps}. */
package ai.spattention.swiglu;
