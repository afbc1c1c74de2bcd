package ai.spattention.train.bench;

import ai.djl.Device;
import ai.spattention.InvalidInputException;
import ai.spattention.kernel.AttentionCall;
import ai.spattention.kernel.AttentionKernel;
import ai.spattention.kernel.AttentionLayout;
import ai.spattention.kernel.AutoKernel;
import ai.spattention.kernel.ExplicitGradientKernel;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * Times attention alone, forward and forward with backward, pattern against pattern and kernel against kernel. They take
 * turns within each repetition, so that a machine that grows slower or faster meanwhile treats all alike.
 */
public final class AttentionBench {

    private final Settings settings;
    private final Consumer<String> progress;

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
     * @param patterns the patterns
     * @param kernels the kernels, among them perhaps the one that chooses
     * @param repetitions timed repetitions after one that warms up, at least 1
     * @param queued calls in one repetition on a GPU, which it works off without waiting for the host, at least 1
     */
    public record Settings(Device device, NumberType type, List<Integer> lengths, int batch, int tokens, int heads, int headDim,
            List<StandardPattern> patterns, List<AttentionKernel> kernels, int repetitions, int queued) {

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
     * @param peakMemoryBytes the process's (or GPU allocator's) largest memory during one forward and backward pass
     */
    public record Row(String pattern, int length, int batch, String kernel, String reason, Map<String, String> passedOver,
            boolean ownBackward, long allowedPairs, double forwardMs, double forwardBackwardMs,
            OptionalLong peakMemoryBytes) {}

    /** A pattern and the kernel to compute it with. */
    private record Candidate(StandardPattern pattern, AttentionLayout layout, AutoKernel.Choice choice) {}

    /**
     * Creates a benchmark.
     *
     * @param settings what to time
     * @param progress told of each length as it begins, and of what cannot be computed
     */
    public AttentionBench(Settings settings, Consumer<String> progress) {
        this.settings = settings;
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
        String refused = null;
        for (int length : settings.lengths) {
            try (AttentionTimer timer = new AttentionTimer(settings, length)) {
                List<Candidate> candidates = new ArrayList<>();
                for (StandardPattern pattern : settings.patterns) {
                    for (AttentionKernel kernel : settings.kernels) {
                        AttentionLayout layout = new AttentionLayout(pattern, LayoutLength.SEQUENCE);
                        AttentionCall call = timer.call(layout);
                        Optional<String> misfit = kernel.misfit(call);
                        if (misfit.isPresent()) {
                            refused = "the " + kernel.name() + " kernel cannot compute " + pattern.patternName()
                                    + " at length " + length + ": " + misfit.get();
                            progress.accept("left out: " + refused);
                        } else {
                            candidates.add(new Candidate(pattern, layout, choice(kernel, call)));
                        }
                    }
                }
                progress.accept("length " + length + ": " + candidates.size() + " cases, " + settings.repetitions
                        + " repetitions");
                rows.addAll(run(length, timer, candidates));
            }
        }
        if (rows.isEmpty()) {
            throw new InvalidInputException("nothing to measure: " + refused);
        }
        return rows;
    }

    private static AutoKernel.Choice choice(AttentionKernel kernel, AttentionCall call) {
        return kernel instanceof AutoKernel auto ? auto.choose(call) : new AutoKernel.Choice(kernel, "asked for", Map.of());
    }

    private List<Row> run(int length, AttentionTimer timer, List<Candidate> candidates) {
        double[][] forward = new double[candidates.size()][settings.repetitions];
        double[][] both = new double[candidates.size()][settings.repetitions];
        OptionalLong[] peak = new OptionalLong[candidates.size()];
        for (int repetition = -1; repetition < settings.repetitions; repetition++) {
            for (int i = 0; i < candidates.size(); i++) {
                AttentionKernel kernel = candidates.get(i).choice.kernel();
                AttentionLayout layout = candidates.get(i).layout;
                PeakMemory memory = PeakMemory.start(settings.device);
                double bothMs = timer.forwardBackward(kernel, layout);
                OptionalLong bytes = memory.bytes();
                double forwardMs = timer.forward(kernel, layout);
                if (repetition < 0) { // the first, slow time also shows the memory
                    peak[i] = bytes;
                } else {
                    both[i][repetition] = bothMs;
                    forward[i][repetition] = forwardMs;
                }
            }
        }
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < candidates.size(); i++) {
            StandardPattern pattern = candidates.get(i).pattern;
            AutoKernel.Choice choice = candidates.get(i).choice;
            rows.add(new Row(pattern.patternName(), length, settings.batchAt(length), choice.kernel().name(), choice.reason(),
                    choice.passedOver(), choice.kernel() instanceof ExplicitGradientKernel,
                    pattern.allowedPairs(settings.heads, length, length), Median.of(forward[i]), Median.of(both[i]), peak[i]));
        }
        return rows;
    }

}
