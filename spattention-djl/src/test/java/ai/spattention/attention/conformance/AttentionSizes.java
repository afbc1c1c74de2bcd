package ai.spattention.attention.conformance;

/**
 * The sizes of a call.
 *
 * @param batch B
 * @param heads H
 * @param kvHeads G
 * @param queries N
 * @param keys M
 * @param headDim D
 * @param transposed whether the arrays lie as in a model: [B, N, H, D] in memory
 */
record AttentionSizes(int batch, int heads, int kvHeads, int queries, int keys, int headDim, boolean transposed) {}
