package ai.spattention.train.cli;

import ai.spattention.InvalidInputException;
import ai.spattention.kernel.Kernels;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.io.WritableFile;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.train.bench.AttentionBench;
import ai.spattention.train.bench.NumberType;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Times attention alone. */
@Command(name = "attention", mixinStandardHelpOptions = true, description = {
    "Time attention alone, forward and forward with backward, pattern against pattern in one run.",
    "'x causal' compares with dense attention of the same run, for which --patterns must name causal."})
final class BenchAttentionCommand implements Callable<Integer> {

    @Mixin
    private DeviceOption device;

    @Option(names = "--lengths", split = ",", defaultValue = "1024,4096", paramLabel = "N", description = "Sequence lengths (default: ${DEFAULT-VALUE}).")
    private List<Integer> lengths;

    @Option(names = "--heads", defaultValue = "16", paramLabel = "H", description = "Heads (default: ${DEFAULT-VALUE}).")
    private int heads;

    @Option(names = "--head-dim", defaultValue = "64", paramLabel = "D", description = "Head dimension (default: ${DEFAULT-VALUE}).")
    private int headDim;

    @Option(names = "--batch", paramLabel = "B", description = "Sequences at once (default: 1).")
    private Integer batch;

    @Option(names = "--tokens", paramLabel = "T", description = "In place of --batch: positions at once, so that every length computes T / N sequences.")
    private Integer tokens;

    @Option(names = "--precision", defaultValue = "float32", paramLabel = "float32|bfloat16|float16", description = "Number format (default: ${DEFAULT-VALUE}).")
    private NumberType precision;

    @Option(names = "--patterns", split = ",", defaultValue = "causal,sp,exclusive", paramLabel = "NAME", description = "Patterns (default: ${DEFAULT-VALUE}).")
    private List<String> patterns;

    @Option(names = {"--kernels", "--kernel"}, split = ",", defaultValue = "auto", paramLabel = "NAME", description = "Kernels: " + Kernels.NAMES + " (default: ${DEFAULT-VALUE}).")
    private List<String> kernels;

    @Option(names = "--repetitions", defaultValue = "5", paramLabel = "R", description = "Timed repetitions after one that warms up; the median counts (default: ${DEFAULT-VALUE}).")
    private int repetitions;

    @Option(names = "--queued", defaultValue = "30", paramLabel = "Q", description = "On a GPU: calls in each repetition, queued without waiting in between (default: ${DEFAULT-VALUE}).")
    private int queued;

    @Option(names = "--output", paramLabel = "FILE", description = "Write the rows as JSON.")
    private Path output;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        WritableFile.require("--output", output);
        for (int length : lengths) {
            positive("--lengths", length);
        }
        positive("--heads", heads);
        positive("--head-dim", headDim);
        positive("--batch", batch == null ? 1 : batch);
        positive("--tokens", tokens == null ? 1 : tokens);
        positive("--repetitions", repetitions);
        positive("--queued", queued);
        if (batch != null && tokens != null) {
            throw new InvalidInputException("--batch and --tokens both say how much to compute at once: give one of them");
        }
        int sequences = batch != null ? batch : tokens != null ? 0 : 1;
        AttentionBench.Settings settings = new AttentionBench.Settings(device.device(), precision, lengths, sequences,
                tokens == null ? 0 : tokens, heads, headDim, patterns.stream().map(StandardPattern::of).toList(),
                kernels.stream().map(Kernels::of).toList(), repetitions, queued);
        PrintWriter err = spec.commandLine().getErr();
        List<AttentionBench.Row> rows = new AttentionBench(settings, err::println).run();
        print(rows);
        if (output != null) {
            AtomicFile.write(output, json(settings, rows) + "\n");
        }
        return 0;
    }

    private static void positive(String option, int value) {
        if (value < 1) {
            throw new InvalidInputException(option + " must be at least 1 (got " + value + ")");
        }
    }

    private void print(List<AttentionBench.Row> rows) {
        PrintWriter out = spec.commandLine().getOut();
        out.printf(Locale.ROOT, "%-11s %7s %6s %-7s %14s %11s %13s %9s %9s  %s%n", "pattern", "length", "batch", "kernel",
                "allowed pairs", "forward ms", "fwd+bwd ms", "x causal", "peak MB", "why this kernel");
        for (AttentionBench.Row row : rows) {
            OptionalDouble ratio = againstCausal(rows, row, AttentionBench.Row::forwardBackwardMs);
            out.printf(Locale.ROOT, "%-11s %7d %6d %-7s %14d %11.3f %13.3f %9s %9s  %s%n", row.pattern(), row.length(),
                    row.batch(), row.kernel(), row.allowedPairs(), row.forwardMs(), row.forwardBackwardMs(),
                    ratio.isPresent() ? String.format(Locale.ROOT, "%.2f", ratio.getAsDouble()) : "-",
                    row.peakMemoryBytes().isPresent() ? Long.toString(row.peakMemoryBytes().getAsLong() >> 20) : "-",
                    row.reason());
        }
        out.flush();
    }

    /** How many times faster than the same run's dense attention, by the fastest kernel that computed it. */
    private static OptionalDouble againstCausal(List<AttentionBench.Row> rows, AttentionBench.Row row,
            ToDoubleFunction<AttentionBench.Row> time) {
        OptionalDouble causal = rows.stream().filter(other -> other.length() == row.length() && other.pattern().equals("causal"))
                .mapToDouble(time).min();
        return causal.isPresent() ? OptionalDouble.of(causal.getAsDouble() / time.applyAsDouble(row)) : causal;
    }

    private static String json(AttentionBench.Settings settings, List<AttentionBench.Row> rows) {
        ObjectNode root = new ObjectMapper().createObjectNode();
        root.put("benchmark", "attention").put("device", settings.device().toString())
                .put("precision", settings.type().toString()).put("heads", settings.heads())
                .put("head_dim", settings.headDim()).put("repetitions", settings.repetitions())
                .put("queued", settings.device().isGpu() ? settings.queued() : 1)
                .put("processors", Runtime.getRuntime().availableProcessors());
        ObjectNode versions = root.putObject("versions");
        Versions.all().forEach(versions::put);
        for (AttentionBench.Row row : rows) {
            ObjectNode node = root.withArray("rows").addObject().put("pattern", row.pattern()).put("length", row.length())
                    .put("batch", row.batch()).put("kernel", row.kernel()).put("kernel_reason", row.reason())
                    .put("backward_by", row.ownBackward() ? "kernel" : "libtorch").put("allowed_pairs", row.allowedPairs())
                    .put("forward_ms", row.forwardMs()).put("forward_backward_ms", row.forwardBackwardMs());
            ObjectNode passedOver = node.putObject("kernels_passed_over");
            row.passedOver().forEach(passedOver::put);
            againstCausal(rows, row, AttentionBench.Row::forwardMs)
                    .ifPresent(ratio -> node.put("times_faster_than_causal_forward", ratio));
            againstCausal(rows, row, AttentionBench.Row::forwardBackwardMs)
                    .ifPresent(ratio -> node.put("times_faster_than_causal", ratio));
            row.peakMemoryBytes().ifPresent(bytes -> node.put("peak_memory_bytes", bytes));
        }
        return root.toPrettyString();
    }
}
