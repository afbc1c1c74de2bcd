/** Weights in two halves of 16 bits, and the optimizer's steps on them. Begin at {@link ai.spattention.adamw.AdamWSteps}. */
package ai.spattention.adamw;
