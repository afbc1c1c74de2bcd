/** Rows of benchmark sets, read from folders as people and the Hugging Face hub lay them out. */
package ai.spattention.eval.data;
