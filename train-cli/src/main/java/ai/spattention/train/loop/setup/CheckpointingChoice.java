package ai.spattention.train.loop.setup;

import ai.spattention.Precision;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.pass.Kept;
import ai.spattention.olmoe.pass.PassDevice;
import ai.spattention.olmoe.pass.PassMemory;
import ai.spattention.train.config.ActivationCheckpointing;
import ai.spattention.train.config.RunConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/**
 * What a run keeps of each layer for the backward pass, and the memory that it needs with that.
 *
 * @param mode none, selective or full; never auto
 * @param why the reason, for people, after the mode
 * @param memory what the run takes
 * @param freeBytes what the GPU has before anything of the run is there; empty on a processor
 */
public record CheckpointingChoice(ActivationCheckpointing mode, String why, MemoryEstimate memory, OptionalLong freeBytes) {

    private static final List<ActivationCheckpointing> FASTEST_FIRST = List.of(ActivationCheckpointing.NONE, ActivationCheckpointing.SELECTIVE,
            ActivationCheckpointing.FULL);

    /** What lowers a pass's memory, as the end of a sentence. */
    public static final String FEWER_TOKENS = "lower training.micro_batch (raise training.gradient_accumulation_steps to keep the batch)"
            + " or data.sequence_length";

    /**
     * Chooses for planned passes, whose memory is known.
     *
     * @param run the run's configuration
     * @param model the model
     * @param device where it computes
     * @param passAlone whether there are no updates and nothing between passes, as in a benchmark of passes
     * @param processes how many learn together
     * @return the choice
     * @throws InvalidInputException if the GPU's memory does not suffice
     */
    static CheckpointingChoice ofPlan(RunConfig run, OlmoeConfig model, PassDevice device, boolean passAlone, int processes) {
        ActivationCheckpointing wish = run.training().activationCheckpointing();
        long free = device.freeBytes().orElseThrow();
        if (MemoryEstimate.leastOfPass(model, microBatchTokens(run)) > free) { // no plan is made for what would not be counted
            throw new InvalidInputException(String.format(Locale.ROOT, "a pass over %,d tokens keeps %,.0f bytes of GPU memory at the least,"
                    + " but only %,d are free: %s", microBatchTokens(run), MemoryEstimate.leastOfPass(model, microBatchTokens(run)), free,
                    FEWER_TOKENS));
        }
        for (ActivationCheckpointing mode : wish == ActivationCheckpointing.AUTO ? FASTEST_FIRST : List.of(wish)) {
            MemoryEstimate memory = ofPlan(run, model, device, mode, passAlone, processes);
            if (memory.fits(free)) {
                String why = wish == mode ? "as training.activation_checkpointing says" : "the fastest that fits";
                return new CheckpointingChoice(mode, why, memory, OptionalLong.of(free));
            }
        }
        throw refusal(run, model, device, free, passAlone, processes);
    }

    private static MemoryEstimate ofPlan(RunConfig run, OlmoeConfig model, PassDevice device, ActivationCheckpointing mode,
            boolean passAlone, int processes) {
        PassMemory pass = PassMemory.of(model, device.target(), PassChoice.shapes(run, kept(mode), processes));
        Precision state = run.optimizer().statePrecision();
        return passAlone ? MemoryEstimate.ofPassAlone(pass) : MemoryEstimate.ofPlan(model, microBatchTokens(run), pass, state,
                run.training().steps()).ofPlannedProcess(pass, run.distributed().shard(), processes, state);
    }

    private static InvalidInputException refusal(RunConfig run, OlmoeConfig model, PassDevice device, long free, boolean passAlone, int processes) {
        ActivationCheckpointing wish = run.training().activationCheckpointing();
        ActivationCheckpointing tried = wish == ActivationCheckpointing.AUTO ? ActivationCheckpointing.FULL : wish;
        MemoryEstimate memory = ofPlan(run, model, device, tried, passAlone, processes);
        List<String> remedies = new ArrayList<>();
        for (ActivationCheckpointing mode : FASTEST_FIRST) {
            if (mode.compareTo(tried) > 0) {
                MemoryEstimate less = ofPlan(run, model, device, mode, passAlone, processes);
                if (less.fits(free)) {
                    remedies.add(String.format(Locale.ROOT, "set training.activation_checkpointing=%s (%,d bytes)", mode,
                            less.total() + MemoryEstimate.RESERVE_BYTES));
                }
            }
        }
        return new InvalidInputException(needs(memory, free, "a planned pass with activation checkpointing " + tried)
                + remedy(run, memory, free, passAlone, remedies));
    }

    /**
     * Chooses for the model's blocks, which know none and full. What they take is known roughly; they are refused only where what is
     * certain does not fit.
     *
     * @param run the run's configuration
     * @param model the model
     * @param device where it computes
     * @param passAlone whether there are no updates
     * @param processes how many learn together
     * @return the choice
     * @throws InvalidInputException if a GPU's memory does not suffice for weights, gradients, moments and a slice's logits
     */
    static CheckpointingChoice ofBlocks(RunConfig run, OlmoeConfig model, PassDevice device, boolean passAlone, int processes) {
        ActivationCheckpointing wish = run.training().activationCheckpointing();
        OptionalLong free = device.freeBytes();
        MemoryEstimate none = ofBlocks(run, model, false, passAlone, processes);
        MemoryEstimate full = ofBlocks(run, model, true, passAlone, processes);
        long certain = full.resident() + MemoryEstimate.logits(model, microBatchTokens(run)) + MemoryEstimate.RESERVE_BYTES;
        if (free.isPresent() && certain > free.getAsLong()) {
            throw new InvalidInputException(needs(full, free.getAsLong(), "a pass by blocks, roughly")
                    + remedy(run, full, free.getAsLong(), passAlone, new ArrayList<>()));
        }
        return switch (wish) {
            case NONE -> new CheckpointingChoice(wish, "as training.activation_checkpointing says", none, free);
            case FULL -> new CheckpointingChoice(wish, "as training.activation_checkpointing says", full, free);
            case SELECTIVE -> new CheckpointingChoice(ActivationCheckpointing.FULL, "for selective is known to planned passes only", full, free);
            case AUTO -> run.model().attentionDropout() > 0 || free.isEmpty() || none.fits(free.getAsLong())
                    ? new CheckpointingChoice(ActivationCheckpointing.NONE, "the fastest", none, free)
                    : new CheckpointingChoice(ActivationCheckpointing.FULL, "for none would not fit", full, free);
        };
    }

    private static MemoryEstimate ofBlocks(RunConfig run, OlmoeConfig model, boolean full, boolean passAlone, int processes) {
        MemoryEstimate memory = MemoryEstimate.of(model, microBatchTokens(run), run.precision(), full, run.optimizer().statePrecision());
        return passAlone ? memory.withoutOptimizer() : memory.ofBlockProcess(run.distributed().shard(), processes);
    }

    private static long microBatchTokens(RunConfig run) {
        return (long) run.training().microBatch() * run.data().sequenceLength();
    }

    private static String needs(MemoryEstimate memory, long free, String pass) {
        boolean ofPass = memory.activations() >= memory.betweenSteps();
        return String.format(Locale.ROOT, "the run needs %,d bytes of GPU memory, but only %,d are free: weights %,d, gradients %,d,"
                + " moments %,d, %s %,d, CUDA itself %,d", memory.total() + MemoryEstimate.RESERVE_BYTES, free, memory.weights(),
                memory.gradients(), memory.optimizer(), ofPass ? pass : "what comes between steps at most",
                ofPass ? memory.activations() : memory.betweenSteps(), MemoryEstimate.RESERVE_BYTES);
    }

    /** What to lower, as the end of a sentence. */
    private static String remedy(RunConfig run, MemoryEstimate memory, long free, boolean passAlone, List<String> remedies) {
        long resident = memory.resident();
        if (!passAlone && run.optimizer().statePrecision() == Precision.FLOAT32) {
            remedies.add("set optimizer.state_precision=bfloat16, which halves the moments");
            resident -= memory.optimizer() / 2;
        }
        if (resident + MemoryEstimate.RESERVE_BYTES >= free) {
            return ": weights, gradients and moments alone do not fit: take a smaller model or a GPU with more memory";
        }
        remedies.add(FEWER_TOKENS);
        return ": " + String.join(", or ", remedies);
    }

    /**
     * What a plan keeps of each layer.
     *
     * @return as much as {@link #mode} says
     */
    public Kept kept() {
        return kept(mode);
    }

    private static Kept kept(ActivationCheckpointing mode) {
        return switch (mode) {
            case NONE -> Kept.ALL;
            case SELECTIVE -> Kept.UNTURNED;
            case FULL -> Kept.INPUTS;
            case AUTO -> throw new IllegalArgumentException("auto is chosen first");
        };
    }

    /**
     * Whether the memory of a planned pass must be given back between steps, for what runs there.
     *
     * @return true if both do not fit side by side
     */
    public boolean givesBackBetweenSteps() {
        return !memory.fitsSideBySide(freeBytes.orElseThrow());
    }

    /** For people: the value of "activation checkpointing: ". */
    @Override
    public String toString() {
        String chosen = mode + ", " + why;
        if (freeBytes.isEmpty()) {
            return chosen;
        }
        return String.format(Locale.ROOT, "%s: %s%,d bytes of GPU memory at most, and %,d for CUDA itself, of %,d that are free", chosen,
                memory.isExact() ? "" : "roughly ", memory.total(), MemoryEstimate.RESERVE_BYTES, freeBytes.getAsLong())
                + (memory.isExact() && givesBackBetweenSteps() ? "; passes give their memory back while the model is validated,"
                        + " sampled and saved" : "");
    }
}
