/**
 * The losses of an OLMoE model. They are returned, never kept. Begin at {@link ai.spattention.olmoe.loss.OlmoeLoss}.
 *
 * <p>Letters used throughout: B = batch, N = positions, T = tokens (B · N), V = vocabulary, E = experts, K = experts a
 * token takes, L = layers.
 */
package ai.spattention.olmoe.loss;
