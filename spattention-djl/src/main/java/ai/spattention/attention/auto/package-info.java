/** Chooses an attention kernel, by its name or as the fastest that fits a call: {@link ai.spattention.attention.auto.AutoKernel}. */
package ai.spattention.attention.auto;
