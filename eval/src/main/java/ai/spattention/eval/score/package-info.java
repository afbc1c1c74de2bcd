/** Requests to a model: tokens, batches, log-likelihoods. Begin at {@link ai.spattention.eval.score.LogLikelihoods}. */
package ai.spattention.eval.score;
