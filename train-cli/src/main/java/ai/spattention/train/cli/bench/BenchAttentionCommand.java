package ai.spattention.train.cli.bench;

import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.GradientMode;
import ai.spattention.attention.auto.Kernels;
import ai.spattention.olmoe.io.OutputFile;
import ai.spattention.train.bench.AttentionBench;
import ai.spattention.train.bench.MemoryFailures;
import ai.spattention.train.bench.NumberType;
import ai.spattention.train.cli.option.Outputs;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
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
    "'x causal' compares with dense attention of the same run, for which --pattern must name causal."})
final class BenchAttentionCommand implements Callable<Integer> {

    @Mixin
    private AttentionBenchOptions options;

    @Option(names = "--precision", defaultValue = "float32", paramLabel = "float32|bfloat16|float16", description = "Number format (default: ${DEFAULT-VALUE}).")
    private NumberType precision;

    @Option(names = "--kernel", split = ",", defaultValue = "auto", paramLabel = "NAME", description = "Kernels: " + Kernels.NAMES + " (default: ${DEFAULT-VALUE}).")
    private List<String> kernels;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        options.requireOutput();
        List<AttentionKernel> wanted = kernels.stream().map(Kernels::of).toList();
        List<AttentionBench.Case> cases = options.patterns().stream()
                .flatMap(pattern -> wanted.stream().map(kernel -> new AttentionBench.Case(pattern, kernel))).toList();
        AttentionBench.Settings settings = options.settings(precision, cases, GradientMode.EXPLICIT, 1);
        PrintWriter err = spec.commandLine().getErr();
        AttentionBenchOptions.fusedMisfit(settings.device()).ifPresent(err::println);
        MemoryFailures failures = new MemoryFailures(err::println);
        List<AttentionBench.Row> rows = new AttentionBench(settings, failures, err::println).run();
        print(rows);
        if (options.output() != null) {
            OutputFile.write(options.output(), json(settings, rows, failures) + "\n");
        }
        return failures.lines().isEmpty() ? 0 : 1;
    }

    private void print(List<AttentionBench.Row> rows) throws IOException {
        PrintWriter out = Outputs.console(spec, options.output());
        out.printf(Locale.ROOT, "%-11s %7s %6s %-7s %14s %11s %13s %9s %9s  %s%n", "pattern", "length", "batch", "kernel",
                "allowed pairs", "forward ms", "fwd+bwd ms", "x causal", "peak MB", "why this kernel");
        for (AttentionBench.Row row : rows) {
            OptionalDouble ratio = againstCausal(rows, row, AttentionBench.Row::forwardBackwardMs);
            out.printf(Locale.ROOT, "%-11s %7d %6d %-7s %14d %11.3f %13.3f %9s %9s  %s%n", row.pattern(), row.length(),
                    row.batch(), row.kernel(), row.allowedPairs(), row.forwardMs(), row.forwardBackwardMs(),
                    ratio.isPresent() ? String.format(Locale.ROOT, "%.2f", ratio.getAsDouble()) : "-",
                    AttentionBenchOptions.megabytes(row.peakMemoryBytes()), row.reason());
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

    private static String json(AttentionBench.Settings settings, List<AttentionBench.Row> rows, MemoryFailures failures) {
        ObjectNode root = AttentionBenchOptions.json("attention", settings);
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
        failures.lines().forEach(root.putArray("failures")::add);
        return root.toPrettyString();
    }
}
