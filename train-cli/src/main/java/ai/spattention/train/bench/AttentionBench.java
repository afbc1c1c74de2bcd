package ai.spattention.train.bench;

import ai.djl.Device;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.ExplicitGradientKernel;
import ai.spattention.attention.GradientMode;
import ai.spattention.attention.auto.AutoKernel;
import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.LayoutLength;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * Times attention alone, forward and forward with backward, pattern against pattern and kernel against kernel. They take
 * turns within each repetition, so that a machine that grows slower or faster meanwhile treats all alike. A pass of each before
 * the first repetition shows its memory.
 */
public final class AttentionBench {

    private final Settings settings;
    private final MemoryFailures failures;
    private final Consumer<String> progress;

    /**
     * A pattern and the kernel to compute it with.
     *
     * @param pattern the pattern
     * @param kernel the kernel, perhaps the one that chooses
     */
    public record Case(AttentionPattern pattern, AttentionKernel kernel) {

        /** The kernel that computes a call, and why. */
        AutoKernel.Choice choose(AttentionCall call) {
            return kernel instanceof AutoKernel auto ? auto.choose(call) : new AutoKernel.Choice(kernel, "asked for", Map.of());
        }
    }

    /**
     * What to time.
     *
     * @param device where
     * @param type the arrays' number format
     * @param lengths the sequence lengths N
     * @param batch B, or 0 to compute {@code tokens} positions at once whatever the length
     * @param tokens B · N where {@code batch} is 0, a multiple of every length
     * @param heads H
     * @param headDim D
     * @param cases the patterns and kernels
     * @param gradients who computes the gradients: the engine, as in a plain Trainer, or the training loop
     * @param warmUps repetitions before those that count, at least 1
     * @param repetitions repetitions that count, at least 1
     * @param queued calls in one repetition on a GPU, which it works off without waiting for the host, at least 1
     */
    public record Settings(Device device, NumberType type, List<Integer> lengths, int batch, int tokens, int heads, int headDim,
            List<Case> cases, GradientMode gradients, int warmUps, int repetitions, int queued) {

        /** Checks what options cannot. */
        public Settings {
            for (int length : lengths) {
                if (batch == 0 && tokens % length != 0) {
                    throw new InvalidInputException("the tokens must be a multiple of every length (got " + tokens
                            + " tokens and length " + length + ")");
                }
            }
        }

        /**
         * The number of sequences.
         *
         * @param length N
         * @return B
         */
        public int batchAt(int length) {
            return batch == 0 ? tokens / length : batch;
        }
    }

    /**
     * What was measured for a pattern at a length by a kernel.
     *
     * @param pattern the pattern
     * @param length N
     * @param batch B
     * @param kernel the kernel that computed it
     * @param reason why this kernel
     * @param passedOver kernels that would have been preferred, by name, and why each does not fit
     * @param ownBackward whether the backward pass is the kernel's own, else libtorch's autograd
     * @param allowedPairs the pairs that all heads of one sequence see
     * @param forwardMs median milliseconds of a forward pass without gradients
     * @param forwardBackwardMs median milliseconds of a forward and a backward pass
     * @param leastForwardBackwardMs milliseconds of the fastest forward and backward pass
     * @param peakMemoryBytes the process's (or GPU allocator's) largest memory during one forward and backward pass
     */
    public record Row(String pattern, int length, int batch, String kernel, String reason, Map<String, String> passedOver,
            boolean ownBackward, long allowedPairs, double forwardMs, double forwardBackwardMs,
            double leastForwardBackwardMs, OptionalLong peakMemoryBytes) {}

    /** What can be computed, and its times. */
    private record Candidate(AttentionPattern pattern, AttentionLayout layout, AutoKernel.Choice choice, List<Double> forward,
            List<Double> both, List<OptionalLong> peak) {}

    /**
     * Creates a benchmark.
     *
     * @param settings what to time
     * @param failures where candidates go that run out of memory
     * @param progress told of each length as it begins, and of what cannot be computed
     */
    public AttentionBench(Settings settings, MemoryFailures failures, Consumer<String> progress) {
        this.settings = settings;
        this.failures = failures;
        this.progress = progress;
    }

    /**
     * Runs the benchmark.
     *
     * @return one row a length, pattern and kernel that can compute it
     * @throws InvalidInputException if no kernel can compute anything that was asked for
     */
    public List<Row> run() {
        List<Row> rows = new ArrayList<>();
        List<String> refused = new ArrayList<>();
        int candidates = 0;
        for (int length : settings.lengths) {
            try (AttentionTimer timer = new AttentionTimer(settings, length)) {
                List<Candidate> fitting = candidates(length, timer, refused);
                candidates += fitting.size();
                progress.accept("length " + length + ": " + fitting.size() + " cases, " + settings.repetitions
                        + " repetitions");
                rows.addAll(run(length, timer, fitting));
            }
        }
        if (candidates == 0) {
            throw new InvalidInputException("nothing to measure: " + refused.get(refused.size() - 1));
        }
        return rows;
    }

    private List<Candidate> candidates(int length, AttentionTimer timer, List<String> refused) {
        List<Candidate> candidates = new ArrayList<>();
        for (Case about : settings.cases) {
            AttentionLayout layout = new AttentionLayout(about.pattern, LayoutLength.SEQUENCE);
            AttentionCall call = timer.call(layout);
            Optional<String> unsupported = about.kernel.unsupported(call);
            if (unsupported.isPresent()) {
                refused.add("the " + about.kernel.name() + " kernel cannot compute " + about.pattern.patternName()
                        + " at length " + length + ": " + unsupported.get());
                progress.accept("warning: left out: " + refused.get(refused.size() - 1));
            } else {
                candidates.add(new Candidate(about.pattern, layout, about.choose(call), new ArrayList<>(), new ArrayList<>(),
                        new ArrayList<>()));
            }
        }
        return candidates;
    }

    private List<Row> run(int length, AttentionTimer timer, List<Candidate> candidates) {
        takeTurns(length, candidates, candidate -> {
            PeakMemory memory = PeakMemory.start(settings.device);
            timer.forwardBackward(candidate.choice.kernel(), candidate.layout);
            candidate.peak.add(memory.bytes());
        });
        for (int repetition = -settings.warmUps; repetition < settings.repetitions; repetition++) {
            boolean counts = repetition >= 0;
            takeTurns(length, candidates, candidate -> {
                double both = timer.forwardBackward(candidate.choice.kernel(), candidate.layout);
                double forward = timer.forward(candidate.choice.kernel(), candidate.layout);
                if (counts) {
                    candidate.both.add(both);
                    candidate.forward.add(forward);
                }
            });
        }
        return candidates.stream().map(candidate -> new Row(candidate.pattern.patternName(), length, settings.batchAt(length),
                candidate.choice.kernel().name(), candidate.choice.reason(), candidate.choice.passedOver(),
                candidate.choice.kernel() instanceof ExplicitGradientKernel,
                candidate.pattern.allowedPairs(settings.heads, length, length), Median.of(candidate.forward),
                Median.of(candidate.both), Collections.min(candidate.both), candidate.peak.get(0))).toList();
    }

    private void takeTurns(int length, List<Candidate> candidates, Consumer<Candidate> turn) {
        candidates.removeIf(candidate -> !failures.runs("attention " + candidate.pattern.patternName() + " by the kernel "
                + candidate.choice.kernel().name() + " at " + length, () -> turn.accept(candidate)));
    }
}
