/** Scores of language models. */
package ai.spattention.eval;
