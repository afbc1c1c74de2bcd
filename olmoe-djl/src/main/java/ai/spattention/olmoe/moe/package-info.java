/**
 * The mixture of experts: routing, dropless dispatch, and what the router losses need to know. Begin at {@link
 * ai.spattention.olmoe.moe.MoeBlock}.
 *
 * <p>Letters used throughout: B = batch, N = positions, T = tokens (B · N), C = hidden size, E = experts, K = experts a
 * token takes, I = an expert's width, L = layers.
 */
package ai.spattention.olmoe.moe;
