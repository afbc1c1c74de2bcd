package ai.spattention.train.loop.setup;

import ai.spattention.Precision;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.loss.HeadLoss;
import ai.spattention.olmoe.pass.PassMemory;
import ai.spattention.train.config.ShardMode;
import ai.spattention.train.optim.SectionShares;

/**
 * The memory that training takes, all in bytes, by the sizes of the model. Weights and gradients are float32, 4 bytes a
 * parameter each, and AdamW's two moments 4 or 2 bytes each. What a forward pass keeps for its backward pass, with what the
 * backward pass needs besides, is, for each of the B N tokens of a micro batch, in numbers of the activations' precision,
 *
 * <p>float32: L · (12 C + 20 H D + 8 G D + K (2 C + 6 I) + 3 E)<br>
 * bfloat16: L · (10 C + 3 H D + 3 G D + 2 K I + 3 E)
 *
 * <p>with the letters of {@code docs/letters.md} (C the hidden size, H D and G D the widths of queries and keys, K experts a token); with
 * activation checkpointing one layer of it, and 4 C bytes for each.
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
 * <p>Of a planned pass everything is exact ({@link PassMemory}) but what the model's blocks take between steps.
 *
 * @param weights the parameters
 * @param gradients their gradients
 * @param optimizer AdamW's moments; of planned passes with the learning rates of all updates
 * @param activations what a micro batch keeps for its backward pass, roughly; exactly what a planned pass computes in
 * @param betweenSteps what validation, tasks, samples and checkpoints take beside the first three where passes are planned: at most, roughly;
 *     by blocks they take less than a pass, and it is 0
 */
public record MemoryEstimate(long weights, long gradients, long optimizer, long activations, long betweenSteps) {

    /** What CUDA and libtorch take beside arrays once everything has run: the libraries' kernels and handles, and what allocators round up. */
    public static final long RESERVE_BYTES = 1L << 30;

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
        long copies = precision == Precision.FLOAT32 ? 0 : 2 * parameters / model.numHiddenLayers();
        return new MemoryEstimate(Float.BYTES * parameters, Float.BYTES * parameters, 2 * bytes(statePrecision) * parameters,
                token * microBatchTokens + logits(model, microBatchTokens) + copies, 0);
    }

    /**
     * The memory of planned passes.
     *
     * <p>Between steps the blocks need, of one layer in bfloat16, B N (10 E + 3 Q + 3 K + k (2 E + 3 I) + 3 X) numbers and a slice's logits
     * three times in float32, and a checkpoint three times the largest parameter in float32, as putting its halves together does.
     *
     * @param model the model
     * @param microBatchTokens B N, the tokens of a micro batch
     * @param pass what the passes need
     * @param statePrecision the precision of the optimizer's moments
     * @param updates how many there will be, each with a learning rate that the device reads
     * @return the memory
     */
    static MemoryEstimate ofPlan(OlmoeConfig model, long microBatchTokens, PassMemory pass, Precision statePrecision, long updates) {
        long hidden = model.hiddenSize();
        long heads = (long) (model.numAttentionHeads() + model.numKeyValueHeads()) * model.headDim();
        long row = 10 * hidden + 3 * heads + model.numExpertsPerTok() * (2 * hidden + 3L * model.intermediateSize())
                + 3L * model.numExperts();
        long between = Short.BYTES * microBatchTokens * row + logits(model, microBatchTokens) + ofLargest(pass);
        return new MemoryEstimate(Float.BYTES * pass.elements(), Float.BYTES * pass.elements(),
                2 * bytes(statePrecision) * pass.elements() + Float.BYTES * (updates + 1), pass.arenaBytes() + pass.arrayBytes(), between);
    }

    /** Three arrays of a slice's logits in float32. */
    static long logits(OlmoeConfig model, long tokens) {
        return 3 * Float.BYTES * Math.min(Math.min(tokens, HeadLoss.LOGITS_OF_A_SLICE) * model.vocabSize(), HeadLoss.LOGITS_OF_A_SLICE);
    }

    /**
     * What a planned pass keeps at the least, whatever its plan: each layer's input.
     *
     * @param model the model
     * @param microBatchTokens B N
     * @return bytes, perhaps more than a whole number holds
     */
    static double leastOfPass(OlmoeConfig model, long microBatchTokens) {
        return (double) microBatchTokens * Float.BYTES * model.hiddenSize() * model.numHiddenLayers();
    }

    /** The largest parameter's halves, on their way to or from its numbers. */
    private static long ofLargest(PassMemory pass) {
        return 3L * Float.BYTES * pass.largest();
    }

    /**
     * The memory of planned passes alone: without updates, and with nothing between them but that weights are taken over before the first.
     *
     * @param pass what the passes need
     * @return the memory
     */
    static MemoryEstimate ofPassAlone(PassMemory pass) {
        return new MemoryEstimate(Float.BYTES * pass.elements(), Float.BYTES * pass.elements(), 0, pass.arenaBytes() + pass.arrayBytes(),
                ofLargest(pass));
    }

    /**
     * The estimate of one of several processes that run by blocks and share out the optimizer's state.
     *
     * @param shard what they share out
     * @param processes how many they are
     * @return its part of the moments, and the sums of its gradients beside all gradients of its own
     */
    MemoryEstimate ofBlockProcess(ShardMode shard, int processes) {
        return processes == 1 || shard == ShardMode.NONE ? this : new MemoryEstimate(weights, gradients + (gradients + processes - 1) / processes,
                (optimizer + processes - 1) / processes, activations, betweenSteps);
    }

    /**
     * The memory of one of several processes whose passes are planned.
     *
     * @param pass what the passes need
     * @param shard what they share out
     * @param processes how many they are
     * @param statePrecision the precision of the optimizer's moments
     * @return the weights as they are cut, all gradients or what it has of them where they pass, and its moments
     */
    MemoryEstimate ofPlannedProcess(PassMemory pass, ShardMode shard, int processes, Precision statePrecision) {
        if (processes == 1 || shard == ShardMode.NONE) {
            return this;
        }
        long cut = SectionShares.cut(processes);
        long others = pass.elements() - pass.updatedElements(cut, processes); // what other processes update
        return new MemoryEstimate(Float.BYTES * pass.cutElements(cut),
                Float.BYTES * (shard == ShardMode.GRADIENTS ? pass.passingElements(cut, processes) : pass.cutElements(cut)),
                optimizer - 2 * bytes(statePrecision) * others, activations, betweenSteps);
    }

    /**
     * The estimate without the optimizer.
     *
     * @return the rest
     */
    MemoryEstimate withoutOptimizer() {
        return new MemoryEstimate(weights, gradients, 0, activations, betweenSteps);
    }

    private static long bytes(Precision precision) {
        return precision == Precision.FLOAT32 ? Float.BYTES : Short.BYTES;
    }

    /**
     * All that there is at once at most. A pass's memory is given back between steps where both do not fit.
     *
     * @return bytes
     */
    public long total() {
        return resident() + Math.max(activations, betweenSteps);
    }

    /** Whether it is that of planned passes. */
    boolean isExact() {
        return betweenSteps > 0;
    }

    /**
     * What stays there all the time.
     *
     * @return bytes
     */
    public long resident() {
        return weights + gradients + optimizer;
    }

    /** Whether a GPU with so much free memory has enough. */
    boolean fits(long freeBytes) {
        return total() + RESERVE_BYTES <= freeBytes;
    }

    /** Whether it has enough for a pass and what comes between steps side by side. */
    boolean fitsSideBySide(long freeBytes) {
        return resident() + activations + betweenSteps + RESERVE_BYTES <= freeBytes;
    }
}
