/** The cross-entropy of tokens' logits, and its gradient in their place. Begin at {@link ai.spattention.crossentropy.CrossEntropySteps}. */
package ai.spattention.crossentropy;
