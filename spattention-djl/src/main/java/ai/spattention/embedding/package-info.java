/** Rows of an embedding in a plan, and their gradients. Begin at {@link ai.spattention.embedding.EmbeddingSteps}. */
package ai.spattention.embedding;
