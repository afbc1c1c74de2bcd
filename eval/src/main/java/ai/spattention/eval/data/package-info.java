/**
 * Rows of benchmark sets, read from folders as people and the Hugging Face hub lay them out. Begin at {@link
 * ai.spattention.eval.data.DataFolder}.
 */
package ai.spattention.eval.data;
