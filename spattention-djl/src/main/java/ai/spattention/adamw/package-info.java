/** The optimizer, on weights in two halves of 16 bits or whole ones. Begin at {@link ai.spattention.adamw.AdamWSteps}. */
package ai.spattention.adamw;
