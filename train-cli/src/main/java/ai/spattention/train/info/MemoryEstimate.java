package ai.spattention.train.info;

import ai.spattention.InvalidInputException;
import ai.spattention.Precision;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.loss.HeadLoss;

/**
 * The memory that training takes, all in bytes, by the sizes of the model. Weights and gradients are float32, 4 bytes a
 * parameter each, and AdamW's two moments 4 or 2 bytes each. What a forward pass keeps for its backward pass, with what the
 * backward pass needs besides, is, for each of the B N tokens of a micro batch, in numbers of the activations' precision,
 *
 * <p>float32: layers · (12 E + 20 Q + 8 K + k (2 E + 6 I) + 3 X)<br>
 * bfloat16: layers · (10 E + 3 Q + 3 K + 2 k I + 3 X)
 *
 * <p>with E = hidden size, Q and K = widths of queries and keys, k = experts a token, I = an expert's width, X = experts; with
 * activation checkpointing one layer of it, and 4 E bytes for each.
 *
 * <p>The factors for float32 are rough: they follow the arrays of a layer as a processor computes it (norms, projections, rotated
 * heads, gathered tiles, the experts' rows) and were set by the resident memory of two small models, of which they are within a
 * tenth. Those for bfloat16 count what is kept where a GPU's kernels compute: the residual stream twice and the router's input in
 * float32, both norms' results and branches, projections before and after the rotation, the heads' results, the experts' first
 * products; they are within 5% of what both presets took on an H200 ({@code docs/benchmarks.md}). On a processor bfloat16 takes more.
 *
 * <p>The output comes in slices of at most 2^28 logits, three arrays of float32. In bfloat16 there is a copy of one layer's weights,
 * 2 bytes each. The {@code masked} kernel keeps N² scores a head besides. The program itself takes some hundred MiB more.
 *
 * @param weights the parameters
 * @param gradients their gradients
 * @param optimizer AdamW's moments
 * @param activations what a micro batch keeps for its backward pass, roughly
 */
public record MemoryEstimate(long weights, long gradients, long optimizer, long activations) {

    private static final long MOST_BYTES = 1L << 62;

    /**
     * Estimates.
     *
     * @param model the model
     * @param microBatchTokens B N, the tokens of a micro batch
     * @param precision the activations' precision
     * @param activationCheckpointing whether layers are computed again
     * @param statePrecision the precision of the optimizer's moments
     * @return the estimate
     * @throws InvalidInputException if the bytes are more than can be counted
     */
    public static MemoryEstimate of(OlmoeConfig model, long microBatchTokens, Precision precision,
            boolean activationCheckpointing, Precision statePrecision) {
        long parameters = model.totalParams();
        long hidden = model.hiddenSize();
        long queries = (long) model.numAttentionHeads() * model.headDim();
        long keys = (long) model.numKeyValueHeads() * model.headDim();
        long expertRows = (long) model.numExpertsPerTok() * model.intermediateSize();
        long layer = 3L * model.numExperts() + (precision == Precision.FLOAT32
                ? 12 * hidden + 20 * queries + 8 * keys + 2 * hidden * model.numExpertsPerTok() + 6 * expertRows
                : 10 * hidden + 3 * queries + 3 * keys + 2 * expertRows);
        long keptLayers = activationCheckpointing ? 1 : model.numHiddenLayers();
        long token = bytes(precision) * keptLayers * layer
                + (activationCheckpointing ? Float.BYTES * hidden * model.numHiddenLayers() : 0);
        if (microBatchTokens > 0 && token > MOST_BYTES / microBatchTokens) {
            throw new InvalidInputException("a micro batch of " + microBatchTokens + " tokens, each of which keeps " + token
                    + " bytes, takes more memory than can be counted: lower training.micro_batch or data.sequence_length");
        }
        long logits = 3 * Float.BYTES * Math.min(Math.min(microBatchTokens, HeadLoss.LOGITS_OF_A_SLICE) * model.vocabSize(),
                HeadLoss.LOGITS_OF_A_SLICE);
        long copies = precision == Precision.FLOAT32 ? 0 : 2 * parameters / model.numHiddenLayers();
        return new MemoryEstimate(Float.BYTES * parameters, Float.BYTES * parameters, 2 * bytes(statePrecision) * parameters,
                token * microBatchTokens + logits + copies);
    }

    /**
     * The estimate where the memory of a micro batch is known, as that of a planned pass.
     *
     * @param bytes what a micro batch keeps and needs on the way
     * @return the estimate with that
     */
    public MemoryEstimate withActivations(long bytes) {
        return new MemoryEstimate(weights, gradients, optimizer, bytes);
    }

    private static long bytes(Precision precision) {
        return precision == Precision.FLOAT32 ? Float.BYTES : Short.BYTES;
    }

    /**
     * All of it.
     *
     * @return bytes
     */
    public long total() {
        return weights + gradients + optimizer + activations;
    }
}
