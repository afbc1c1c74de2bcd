/** Rows of an embedding, and their gradients. Begin at {@link ai.spattention.embedding.EmbeddingSteps}. */
package ai.spattention.embedding;
