package ai.spattention.train.cli.bench;

import ai.spattention.Precision;
import ai.spattention.attention.GradientMode;
import ai.spattention.attention.auto.Kernels;
import ai.spattention.attention.engine.DenseKernel;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.OutputFile;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.torch.DeviceSupport;
import ai.spattention.train.bench.AttentionBench;
import ai.spattention.train.bench.BlockRow;
import ai.spattention.train.bench.MemoryFailures;
import ai.spattention.train.bench.NumberType;
import ai.spattention.train.bench.TransformerBench;
import ai.spattention.train.cli.option.Outputs;
import ai.spattention.train.cli.option.PrecisionConverter;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Times the block in a plain DJL Trainer. */
@Command(name = "block", mixinStandardHelpOptions = true, description = {
    "Time what a plain DJL Trainer gets from the block, against DJL's own block and libtorch's fused dense attention in one run.",
    "First attention alone under libtorch's autograd, then whole training steps (DJL's Adam) of a transformer of DJL's own blocks of width "
        + "heads x head-dim.",
    "'x DJL' and 'x dense' say how many times faster a row is, of attention alone forward + backward, else of the step."})
final class BenchBlockCommand implements Callable<Integer> {

    private static final List<Integer> LENGTHS = List.of(1024, 4096);

    @Mixin
    private AttentionBenchOptions options;

    @Option(names = "--precision", defaultValue = "float32", converter = PrecisionConverter.class, paramLabel = "float32|bfloat16", description = "The block's precision; DJL's knows float32 only (default: ${DEFAULT-VALUE}).")
    private Precision precision;

    @Option(names = "--layers", defaultValue = "12", paramLabel = "L", description = "Layers of the transformer; 0 measures attention alone (default: ${DEFAULT-VALUE}).")
    private int layers;

    @Option(names = "--dropout", defaultValue = "0", paramLabel = "P", description = "Probability with which the transformer's attention weights are dropped; DJL's block has 0.1 unless it is set (default: ${DEFAULT-VALUE}).")
    private float dropout;

    @Option(names = "--warm-ups", defaultValue = "3", paramLabel = "W", description = "Rounds of attention before those that count, and steps of each new transformer before the one that counts (default: ${DEFAULT-VALUE}).")
    private int warmUps;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        options.requireOutput();
        if (layers < 0) {
            throw new InvalidInputException("--layers must be at least 0 (got " + layers + ")");
        }
        if (!(dropout >= 0 && dropout < 1)) {
            throw new InvalidInputException("--dropout must lie in [0, 1) (got " + dropout + ")");
        }
        AttentionBench.Settings settings = options.settings(
                precision == Precision.BFLOAT16 ? NumberType.BFLOAT16 : NumberType.FLOAT32, cases(), GradientMode.ENGINE, warmUps,
                LENGTHS);
        if (precision == Precision.BFLOAT16) {
            DeviceSupport.requireBfloat16(settings.device());
        }
        PrintWriter err = spec.commandLine().getErr();
        Consumer<String> notes = line -> {
            err.println(line);
            err.flush();
        };
        AttentionBenchOptions.fusedUnsupported(settings.device()).ifPresent(notes);
        MemoryFailures failures = new MemoryFailures(notes);
        List<BlockRow> rows = new ArrayList<>();
        new AttentionBench(settings, failures, notes).run().forEach(row -> rows.add(BlockRow.of(row)));
        write(settings, rows, failures);
        if (layers > 0) {
            TransformerBench transformer = new TransformerBench(settings, layers, dropout, failures, notes);
            for (int length : settings.lengths()) {
                rows.addAll(transformer.run(length));
                write(settings, rows, failures);
            }
        }
        print(rows);
        return failures.lines().isEmpty() ? 0 : 1;
    }

    /** libtorch's dense attention, then each pattern by the kernel that is chosen by itself. */
    private List<AttentionBench.Case> cases() {
        List<AttentionBench.Case> cases = new ArrayList<>();
        cases.add(new AttentionBench.Case(StandardPattern.CAUSAL, new DenseKernel()));
        options.patterns().forEach(pattern -> cases.add(new AttentionBench.Case(pattern, Kernels.of("auto"))));
        return cases;
    }

    private void print(List<BlockRow> rows) throws IOException {
        PrintWriter out = Outputs.console(spec, options.output());
        out.printf(Locale.ROOT, "%-11s %-30s %-11s %7s %6s %-7s %11s %11s %7s %8s %9s %9s  %s%n", "part", "block", "pattern", "length",
                "batch", "kernel", "fwd+bwd ms", "step ms", "x DJL", "x dense", "peak MB", "of DJL's", "why this kernel");
        for (BlockRow row : rows) {
            out.printf(Locale.ROOT, "%-11s %-30s %-11s %7d %6d %-7s %11.3f %11s %7s %8s %9s %9s  %s%n", row.part(), row.block(),
                    row.pattern(), row.length(), row.batch(), row.kernel(), row.forwardBackwardMs(), show("%.3f", row.stepMs()),
                    show("%.2f", timesFaster(rows, row, BenchBlockCommand::isDjl)),
                    show("%.2f", timesFaster(rows, row, BenchBlockCommand::isDense)),
                    AttentionBenchOptions.megabytes(row.peakMemoryBytes()), show("%.2f", partOfDjlMemory(rows, row)), row.reason());
        }
        out.flush();
    }

    private static String show(String format, OptionalDouble value) {
        return value.isPresent() ? String.format(Locale.ROOT, format, value.getAsDouble()) : "-";
    }

    private static boolean isDjl(BlockRow row) {
        return row.kernel().equals("djl");
    }

    private static boolean isDense(BlockRow row) {
        return row.kernel().equals("dense");
    }

    private static OptionalDouble timesFaster(List<BlockRow> rows, BlockRow row, Predicate<BlockRow> peer) {
        OptionalDouble of = least(rows, row, peer, BlockRow::milliseconds);
        return of.isPresent() ? OptionalDouble.of(of.getAsDouble() / row.milliseconds()) : of;
    }

    private static OptionalDouble partOfDjlMemory(List<BlockRow> rows, BlockRow row) {
        OptionalDouble of = least(rows, row, other -> isDjl(other) && other.peakMemoryBytes().isPresent(),
                other -> other.peakMemoryBytes().orElseThrow());
        return of.isPresent() && row.peakMemoryBytes().isPresent()
                ? OptionalDouble.of(row.peakMemoryBytes().getAsLong() / of.getAsDouble()) : OptionalDouble.empty();
    }

    /** The least figure of a peer at the same length: where it was measured twice, the better one counts. */
    private static OptionalDouble least(List<BlockRow> rows, BlockRow row, Predicate<BlockRow> peer,
            ToDoubleFunction<BlockRow> figure) {
        return rows.stream().filter(other -> other.part().equals(row.part()) && other.length() == row.length() && peer.test(other))
                .mapToDouble(figure).min();
    }

    private void write(AttentionBench.Settings settings, List<BlockRow> rows, MemoryFailures failures) throws IOException {
        if (options.output() == null) {
            return;
        }
        ObjectNode root = AttentionBenchOptions.json("block", settings);
        root.put("model_dim", settings.heads() * settings.headDim()).put("layers", layers).put("dropout", dropout);
        for (BlockRow row : rows) {
            ObjectNode node = root.withArray("rows").addObject().put("part", row.part()).put("block", row.block())
                    .put("pattern", row.pattern()).put("length", row.length()).put("batch", row.batch())
                    .put("kernel", row.kernel()).put("kernel_reason", row.reason())
                    .put("forward_backward_ms", row.forwardBackwardMs());
            ObjectNode passedOver = node.putObject("kernels_passed_over");
            row.passedOver().forEach(passedOver::put);
            row.stepMs().ifPresent(ms -> node.put("step_ms", ms));
            row.peakMemoryBytes().ifPresent(bytes -> node.put("peak_mb", bytes / (double) (1 << 20)));
            timesFaster(rows, row, BenchBlockCommand::isDjl).ifPresent(ratio -> node.put("times_faster_than_djl", ratio));
            timesFaster(rows, row, BenchBlockCommand::isDense).ifPresent(ratio -> node.put("times_faster_than_dense", ratio));
            partOfDjlMemory(rows, row).ifPresent(part -> node.put("peak_part_of_djl", part));
        }
        failures.lines().forEach(root.putArray("failures")::add);
        OutputFile.write(options.output(), root.toPrettyString() + "\n");
    }
}
