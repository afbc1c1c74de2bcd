/** Requests to a model: tokens, batches, log-likelihoods. */
package ai.spattention.eval.score;
