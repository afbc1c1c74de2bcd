package ai.spattention.train.cli;

import ai.djl.Device;
import ai.spattention.InvalidInputException;
import ai.spattention.kernel.Kernels;
import ai.spattention.olmoe.safetensors.AtomicFile;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.train.bench.AttentionBench;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Times attention alone. */
@Command(name = "attention", mixinStandardHelpOptions = true, description = {
    "Time attention alone, forward and forward with backward, pattern against pattern in one run.",
    "'causal' is the fastest dense attention that the engine offers."})
final class BenchAttentionCommand implements Callable<Integer> {

    @Mixin
    private DeviceOption device;

    @Option(names = "--lengths", split = ",", defaultValue = "1024,4096", paramLabel = "N", description = "Sequence lengths (default: ${DEFAULT-VALUE}).")
    private List<Integer> lengths;

    @Option(names = "--heads", defaultValue = "16", paramLabel = "H", description = "Heads (default: ${DEFAULT-VALUE}).")
    private int heads;

    @Option(names = "--head-dim", defaultValue = "64", paramLabel = "D", description = "Head dimension (default: ${DEFAULT-VALUE}).")
    private int headDim;

    @Option(names = "--batch", defaultValue = "1", paramLabel = "B", description = "Sequences at once (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--patterns", split = ",", defaultValue = "causal,sp,exclusive", paramLabel = "NAME", description = "Patterns (default: ${DEFAULT-VALUE}).")
    private List<String> patterns;

    @Option(names = "--kernel", defaultValue = "auto", paramLabel = "NAME", description = "Kernel: " + Kernels.NAMES + " (default: ${DEFAULT-VALUE}).")
    private String kernel;

    @Option(names = "--repetitions", defaultValue = "5", paramLabel = "R", description = "Timed repetitions after one that warms up (default: ${DEFAULT-VALUE}).")
    private int repetitions;

    @Option(names = "--output", paramLabel = "FILE", description = "Write the rows as JSON.")
    private Path output;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        for (int length : lengths) {
            positive("--lengths", length);
        }
        positive("--heads", heads);
        positive("--head-dim", headDim);
        positive("--batch", batch);
        positive("--repetitions", repetitions);
        List<StandardPattern> chosen = patterns.stream().map(StandardPattern::of).toList();
        Device where = device.device();
        AttentionBench.Settings settings = new AttentionBench.Settings(where, lengths, batch, heads, headDim, chosen,
                Kernels.of(kernel), repetitions);
        PrintWriter err = spec.commandLine().getErr();
        List<AttentionBench.Row> rows = new AttentionBench(settings, err::println).run();
        print(rows);
        if (output != null) {
            AtomicFile.write(output, json(where, rows) + "\n");
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
        out.printf(Locale.ROOT, "%-11s %7s %-7s %14s %11s %13s %9s %9s%n", "pattern", "length", "kernel", "allowed pairs",
                "forward ms", "fwd+bwd ms", "x causal", "peak MB");
        for (AttentionBench.Row row : rows) {
            OptionalDouble ratio = againstCausal(rows, row);
            out.printf(Locale.ROOT, "%-11s %7d %-7s %14d %11.2f %13.2f %9s %9s%n", row.pattern(), row.length(),
                    row.kernel(), row.allowedPairs(), row.forwardMs(), row.forwardBackwardMs(),
                    ratio.isPresent() ? String.format(Locale.ROOT, "%.2f", ratio.getAsDouble()) : "-",
                    row.peakMemoryBytes().isPresent() ? Long.toString(row.peakMemoryBytes().getAsLong() >> 20) : "-");
        }
        out.flush();
    }

    /** How many times faster than dense attention of the same run, forward and backward. */
    private static OptionalDouble againstCausal(List<AttentionBench.Row> rows, AttentionBench.Row row) {
        return rows.stream().filter(other -> other.length() == row.length() && other.pattern().equals("causal"))
                .mapToDouble(other -> other.forwardBackwardMs() / row.forwardBackwardMs()).findFirst();
    }

    private String json(Device where, List<AttentionBench.Row> rows) {
        ObjectNode root = new ObjectMapper().createObjectNode();
        root.put("benchmark", "attention").put("device", where.toString()).put("dtype", "float32").put("batch", batch)
                .put("heads", heads).put("head_dim", headDim).put("repetitions", repetitions)
                .put("processors", Runtime.getRuntime().availableProcessors());
        ObjectNode versions = root.putObject("versions");
        Versions.all().forEach(versions::put);
        for (AttentionBench.Row row : rows) {
            ObjectNode node = root.withArray("rows").addObject().put("pattern", row.pattern()).put("length", row.length())
                    .put("kernel", row.kernel()).put("kernel_reason", row.reason()).put("allowed_pairs", row.allowedPairs())
                    .put("forward_ms", row.forwardMs()).put("forward_backward_ms", row.forwardBackwardMs());
            againstCausal(rows, row).ifPresent(ratio -> node.put("times_faster_than_causal", ratio));
            row.peakMemoryBytes().ifPresent(bytes -> node.put("peak_memory_bytes", bytes));
        }
        return root.toPrettyString();
    }
}
