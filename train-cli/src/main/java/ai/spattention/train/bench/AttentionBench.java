package ai.spattention.train.bench;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.spattention.kernel.AttentionKernel;
import ai.spattention.kernel.AttentionLayout;
import ai.spattention.kernel.AutoKernel;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * Times attention alone, forward and forward with backward, pattern against pattern. The patterns take turns within each
 * repetition, so that a machine that grows slower or faster meanwhile treats all alike.
 */
public final class AttentionBench {

    private final Settings settings;
    private final Consumer<String> progress;

    /**
     * What to time.
     *
     * @param device where
     * @param lengths the sequence lengths N
     * @param batch B
     * @param heads H
     * @param headDim D
     * @param patterns the patterns
     * @param kernel the kernel, or the one that chooses
     * @param repetitions timed repetitions after one that warms up, at least 1
     */
    public record Settings(Device device, List<Integer> lengths, int batch, int heads, int headDim,
            List<StandardPattern> patterns, AttentionKernel kernel, int repetitions) {}

    /**
     * What was measured for a pattern at a length.
     *
     * @param pattern the pattern
     * @param length N
     * @param kernel the kernel that computed it
     * @param reason why this kernel
     * @param allowedPairs the pairs that all heads of one sequence see
     * @param forwardMs median milliseconds of a forward pass without gradients
     * @param forwardBackwardMs median milliseconds of a forward and a backward pass
     * @param peakMemoryBytes the process's (or GPU allocator's) largest memory during one forward and backward pass
     */
    public record Row(String pattern, int length, String kernel, String reason, long allowedPairs, double forwardMs,
            double forwardBackwardMs, OptionalLong peakMemoryBytes) {}

    /**
     * Creates a benchmark.
     *
     * @param settings what to time
     * @param progress told of each length as it begins
     */
    public AttentionBench(Settings settings, Consumer<String> progress) {
        this.settings = settings;
        this.progress = progress;
    }

    /**
     * Runs the benchmark.
     *
     * @return one row a length and pattern
     */
    public List<Row> run() {
        List<Row> rows = new ArrayList<>();
        for (int length : settings.lengths) {
            progress.accept("length " + length + ": " + settings.patterns.size() + " patterns, "
                    + settings.repetitions + " repetitions");
            rows.addAll(run(length));
        }
        return rows;
    }

    private List<Row> run(int length) {
        int count = settings.patterns.size();
        double[][] forward = new double[count][settings.repetitions];
        double[][] both = new double[count][settings.repetitions];
        OptionalLong[] peak = new OptionalLong[count];
        try (NDManager manager = NDManager.newBaseManager(settings.device, "PyTorch")) {
            Shape shape = new Shape(settings.batch, settings.heads, length, settings.headDim);
            NDArray[] inputs = new NDArray[3];
            for (int i = 0; i < inputs.length; i++) {
                inputs[i] = manager.randomNormal(shape);
                inputs[i].setRequiresGradient(true);
            }
            for (int repetition = -1; repetition < settings.repetitions; repetition++) {
                for (int i = 0; i < count; i++) {
                    AttentionLayout layout = layout(settings.patterns.get(i));
                    PeakMemory memory = PeakMemory.start(settings.device);
                    double bothMs = forwardBackward(manager, inputs, layout);
                    if (repetition < 0) { // the first, slow time also shows the memory
                        peak[i] = memory.bytes();
                        forward(manager, inputs, layout);
                    } else {
                        both[i][repetition] = bothMs;
                        forward[i][repetition] = forward(manager, inputs, layout);
                    }
                }
            }
        }
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            rows.add(row(settings.patterns.get(i), length, median(forward[i]), median(both[i]), peak[i]));
        }
        return rows;
    }

    private Row row(StandardPattern pattern, int length, double forwardMs, double bothMs, OptionalLong peak) {
        AttentionKernel kernel = settings.kernel;
        String reason = "asked for";
        if (kernel instanceof AutoKernel auto) {
            AutoKernel.Choice choice = auto.choose(new ai.spattention.kernel.AttentionCall(layout(pattern), settings.device, ai.djl.ndarray.types.DataType.FLOAT32, settings.heads,
                    settings.heads, length, length, settings.headDim, false, false, ai.spattention.kernel.GradientMode.ENGINE));
            kernel = choice.kernel();
            reason = choice.reason();
        }
        return new Row(pattern.patternName(), length, kernel.name(), reason,
                pattern.allowedPairs(settings.heads, length, length), forwardMs, bothMs, peak);
    }

    private static AttentionLayout layout(StandardPattern pattern) {
        return new AttentionLayout(pattern, LayoutLength.SEQUENCE);
    }

    private double forward(NDManager manager, NDArray[] inputs, AttentionLayout layout) {
        try (NDManager scope = manager.newSubManager()) {
            attach(scope, inputs);
            long start = System.nanoTime();
            finish(settings.kernel.attend(inputs[0], inputs[1], inputs[2], layout, 0, false));
            return (System.nanoTime() - start) / 1e6;
        }
    }

    private double forwardBackward(NDManager manager, NDArray[] inputs, AttentionLayout layout) {
        try (NDManager scope = manager.newSubManager()) {
            attach(scope, inputs);
            long start = System.nanoTime();
            try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
                collector.backward(settings.kernel.attend(inputs[0], inputs[1], inputs[2], layout, 0, true).sum());
            }
            finish(inputs[0].getGradient());
            return (System.nanoTime() - start) / 1e6;
        }
    }

    private static void attach(NDManager scope, NDArray[] inputs) {
        for (NDArray input : inputs) {
            input.tempAttach(scope);
        }
    }

    /** A GPU works on after the call: reading one value waits for it. */
    private void finish(NDArray result) {
        if (settings.device.isGpu()) {
            result.flatten().get(0).getFloat();
        }
        result.close();
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
