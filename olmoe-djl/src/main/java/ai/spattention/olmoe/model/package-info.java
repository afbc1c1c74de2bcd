/**
 * The OLMoE model: token ids to logits, with what the router losses need. Begin at {@link ai.spattention.olmoe.model.OlmoeModel}.
 *
 * <p>Letters used throughout: B = batch, N = positions, C = hidden size, V = vocabulary, E = experts, L = layers.
 */
package ai.spattention.olmoe.model;
