/**
 * The training pass of an OLMoE model on a GPU as one plan of launches on raw memory. Begin at {@link
 * ai.spattention.olmoe.pass.PassPlan}; the blocks in {@code model} and {@code moe} are its reference.
 *
 * <p>Letters: B batch, N positions, T = B · N tokens, C hidden size, H query heads, G key and value heads, E experts, K experts a token
 * takes, S = T · K rows, I an expert's width, V vocabulary, L layers.
 */
package ai.spattention.olmoe.pass;
