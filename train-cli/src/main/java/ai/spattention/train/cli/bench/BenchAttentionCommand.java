package ai.spattention.train.cli.bench;

import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.GradientMode;
import ai.spattention.attention.auto.Kernels;
import ai.spattention.olmoe.io.OutputFile;
import ai.spattention.train.bench.AttentionBench;
import ai.spattention.train.bench.BreakEven;
import ai.spattention.train.bench.MemoryFailures;
import ai.spattention.train.bench.NumberType;
import ai.spattention.train.cli.option.KernelNames;
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
    "Time attention alone, pattern against pattern, and tell from which length on a pattern is faster than dense attention.",
    "Each is timed forward, and forward with backward, all in one run; the table also names the kernel that was the fastest.",
    "'x causal' compares with dense attention of the same run, for which --pattern must name causal."})
final class BenchAttentionCommand implements Callable<Integer> {

    private static final List<Integer> LENGTHS = List.of(128, 256, 512, 1024, 2048, 4096);

    @Mixin
    private AttentionBenchOptions options;

    @Option(names = "--precision", defaultValue = "float32", paramLabel = "float32|bfloat16|float16", description = "Number format (default: ${DEFAULT-VALUE}).")
    private NumberType precision;

    @Option(names = "--kernel", split = ",", defaultValue = "auto", paramLabel = "NAME", completionCandidates = KernelNames.class,
            description = "Kernels: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private List<String> kernels;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        options.requireOutput();
        List<AttentionKernel> wanted = kernels.stream().map(Kernels::of).toList();
        List<AttentionBench.Case> cases = options.patterns().stream()
                .flatMap(pattern -> wanted.stream().map(kernel -> new AttentionBench.Case(pattern, kernel))).toList();
        AttentionBench.Settings settings = options.settings(precision, cases, GradientMode.EXPLICIT, 1, LENGTHS);
        PrintWriter err = spec.commandLine().getErr();
        AttentionBenchOptions.fusedUnsupported(settings.device()).ifPresent(err::println);
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
        printBreakEven(out, BreakEven.of(rows));
        out.flush();
    }

    private static void printBreakEven(PrintWriter out, List<BreakEven> patterns) {
        if (patterns.isEmpty()) {
            return;
        }
        out.println();
        out.println("break-even with dense attention: x causal of the fastest repetitions, forward + backward, by length; above 1 the pattern is faster");
        out.printf(Locale.ROOT, "%-11s", "pattern");
        patterns.get(0).best().keySet().forEach(length -> out.printf(Locale.ROOT, " %7d", length));
        out.printf(Locale.ROOT, "  %11s  %s%n", "faster from", "fastest kernel");
        for (BreakEven pattern : patterns) {
            out.printf(Locale.ROOT, "%-11s", pattern.pattern());
            patterns.get(0).best().keySet().forEach(length -> out.printf(Locale.ROOT, " %7s", pattern.best().containsKey(length)
                    ? String.format(Locale.ROOT, "%.2f", pattern.best().get(length).timesFaster()) : "-"));
            out.printf(Locale.ROOT, "  %11s  %s%n", pattern.fasterFrom().isPresent() ? pattern.fasterFrom().getAsInt() : "-", pattern.kernelsText());
        }
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
                    .put("forward_ms", row.forwardMs()).put("forward_backward_ms", row.forwardBackwardMs())
                    .put("forward_backward_least_ms", row.leastForwardBackwardMs());
            ObjectNode passedOver = node.putObject("kernels_passed_over");
            row.passedOver().forEach(passedOver::put);
            againstCausal(rows, row, AttentionBench.Row::forwardMs)
                    .ifPresent(ratio -> node.put("times_faster_than_causal_forward", ratio));
            againstCausal(rows, row, AttentionBench.Row::forwardBackwardMs)
                    .ifPresent(ratio -> node.put("times_faster_than_causal", ratio));
            row.peakMemoryBytes().ifPresent(bytes -> node.put("peak_memory_bytes", bytes));
        }
        for (BreakEven pattern : BreakEven.of(rows)) {
            ObjectNode node = root.withArray("break_even").addObject().put("pattern", pattern.pattern());
            pattern.best().forEach((length, best) -> node.withObjectProperty("times_faster_than_causal")
                    .put(Integer.toString(length), best.timesFaster()));
            pattern.fasterFrom().ifPresent(length -> node.put("faster_from", length));
            pattern.kernels().forEach((length, kernel) -> node.withArray("fastest_kernels").addObject().put("from", length).put("kernel", kernel));
        }
        failures.lines().forEach(root.putArray("failures")::add);
        return root.toPrettyString();
    }
}
