package ai.spattention.train.cli.bench;

import ai.djl.Device;
import ai.spattention.Precision;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.OutputFile;
import ai.spattention.torch.DeviceSupport;
import ai.spattention.train.bench.ChromeTrace;
import ai.spattention.train.bench.MemoryFailures;
import ai.spattention.train.bench.StepBench;
import ai.spattention.train.cli.option.DeviceOption;
import ai.spattention.train.cli.option.Outputs;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.RunConfigLoader;
import ai.spattention.train.loop.setup.PassChoice;
import ai.spattention.train.machine.Versions;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Times whole training steps. */
@Command(name = "step", mixinStandardHelpOptions = true, description = {
    "Time the training step of a configuration on random tokens, pattern against pattern in one run.",
    "Told are the forward and backward pass, the optimizer's update, and the parts of the pass. Throughput counts the tokens of one micro batch."})
final class BenchStepCommand implements Callable<Integer> {

    @Mixin
    private DeviceOption device;

    @Option(names = "--config", defaultValue = "quickstart", paramLabel = "FILE|PRESET", description = "A preset, or a configuration (YAML) (default: ${DEFAULT-VALUE}).")
    private String config;

    @Option(names = "--pattern", split = ",", paramLabel = "NAME", description = "Patterns (default: the configuration's).")
    private List<String> patterns = List.of();

    @Option(names = "--length", split = ",", paramLabel = "N", description = "Sequence lengths (default: the configuration's).")
    private List<Integer> lengths = List.of();

    @Option(names = "--micro-batch", split = ",", paramLabel = "B", description = "Sequences of a pass, one number or one for each length (default: the configuration's).")
    private List<Integer> microBatches = List.of();

    @Option(names = "--precision", paramLabel = "float32|bfloat16", description = "Precision of matrix products and activations (default: the configuration's).")
    private String precision;

    @Option(names = "--activation-checkpointing", arity = "0..1", fallbackValue = "full", paramLabel = "none|selective|full|auto", description = "What layers keep for the backward pass (default: the configuration's; without a word: full).")
    private String checkpointing;

    @Option(names = "--kernel", split = ",", paramLabel = "NAME", description = "Attention kernels; where there are several, those that cannot compute a pattern are left out (default: the configuration's).")
    private List<String> kernels = List.of();

    @Option(names = "--no-optimizer", description = "Leave the optimizer and its memory out.")
    private boolean noOptimizer;

    @Option(names = "--warm-ups", defaultValue = "10", paramLabel = "W", description = "Passes before those that count (default: ${DEFAULT-VALUE}).")
    private int warmUps;

    @Option(names = "--repetitions", defaultValue = "5", paramLabel = "R", description = "Passes that count (default: ${DEFAULT-VALUE}).")
    private int repetitions;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Override a key of the configuration.")
    private List<String> overrides = List.of();

    @Option(names = "--output", paramLabel = "FILE", description = "Write the rows as JSON.")
    private Path output;

    @Option(names = "--profile", paramLabel = "FILE", description = {
        "Write a planned pass of each row as a trace for chrome://tracing or ui.perfetto.dev: every launch, which part of the "
        + "model it belongs to, and how long it took by the GPU's own clock between the others of the running pass."})
    private Path profile;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        new Outputs().reads("--config", config.matches(".*\\.ya?ml") ? Path.of(config) : null).writes("--output", output)
                .writes("--profile", profile);
        if (warmUps < 1 || repetitions < 1) {
            throw new InvalidInputException("--warm-ups and --repetitions must be at least 1 (got " + warmUps + " and " + repetitions
                    + ")");
        }
        if (microBatches.size() > 1 && microBatches.size() != lengths.size()) {
            throw new InvalidInputException("--micro-batch takes one number, or one for each length (got " + microBatches.size()
                    + " for " + lengths.size() + " lengths)");
        }
        List<RunConfig> runs = runs();
        Device where = device.device();
        if (runs.get(0).precision() == Precision.BFLOAT16) {
            DeviceSupport.requireBfloat16(where);
        }
        if (profile != null) {
            requirePlans(runs, where);
        }
        PrintWriter err = spec.commandLine().getErr();
        Consumer<String> notes = line -> {
            err.println(line);
            err.flush();
        };
        StepBench bench = new StepBench(where, warmUps, repetitions, !noOptimizer, notes);
        List<StepBench.Row> rows = new ArrayList<>();
        MemoryFailures failures = new MemoryFailures(notes);
        for (RunConfig run : runs) {
            try {
                failures.runs(run.model().patterns() + " with the kernel " + run.kernel() + " at "
                        + run.data().sequenceLength(), () -> rows.add(bench.run(run)));
            } catch (InvalidInputException e) {
                if (kernels.size() < 2) {
                    throw e;
                }
                err.println("warning: left out: " + e.getMessage());
            }
            if (output != null && !OutputFile.of(output).isStream()) {
                OutputFile.write(output, json(where, runs.get(0), rows, failures) + "\n");
            }
        }
        if (output != null && OutputFile.of(output).isStream()) {
            OutputFile.write(output, json(where, runs.get(0), rows, failures) + "\n");
        }
        if (profile != null) {
            OutputFile.write(profile, ChromeTrace.of(rows) + "\n");
        }
        print(rows);
        return failures.lines().isEmpty() ? 0 : 1;
    }

    private void requirePlans(List<RunConfig> runs, Device where) {
        for (RunConfig run : runs) {
            (noOptimizer ? PassChoice.ofPassAlone(run, where) : PassChoice.of(run, where)).whyBlocks().ifPresent(reason -> {
                throw new InvalidInputException("--profile shows planned passes, and this one would run by blocks: " + reason);
            });
        }
    }

    private List<RunConfig> runs() {
        ConfigSource source = ConfigSource.of(config);
        List<RunConfig> runs = new ArrayList<>();
        RunConfig base = RunConfigLoader.load(source, overrides);
        List<String> chosen = patterns.isEmpty() ? List.of(base.model().patterns().toString()) : patterns;
        List<Integer> wanted = lengths.isEmpty() ? List.of(base.data().sequenceLength()) : lengths;
        List<String> using = kernels.isEmpty() ? List.of(base.kernel()) : kernels;
        List<String> common = new ArrayList<>(overrides);
        if (precision != null) {
            common.add("precision=" + precision);
        }
        if (checkpointing != null) {
            common.add("training.activation_checkpointing=" + checkpointing);
        }
        for (int i = 0; i < wanted.size(); i++) {
            for (String pattern : chosen) {
                for (String kernel : using) {
                    List<String> settings = new ArrayList<>(common);
                    settings.add("model.attention_pattern=" + pattern);
                    settings.add("model.kernel=" + kernel);
                    settings.add("data.sequence_length=" + wanted.get(i));
                    if (!microBatches.isEmpty()) {
                        settings.add("training.micro_batch=" + microBatches.get(microBatches.size() == 1 ? 0 : i));
                    }
                    runs.add(RunConfigLoader.load(source, settings));
                }
            }
        }
        return runs;
    }

    private void print(List<StepBench.Row> rows) throws IOException {
        PrintWriter out = Outputs.console(spec, output);
        Set<String> parts = new LinkedHashSet<>();
        rows.forEach(row -> parts.addAll(row.partMs().keySet()));
        out.printf(Locale.ROOT, "%-11s %-7s %7s %5s %14s %11s %8s %14s %6s %9s %9s%n", "pattern", "kernel", "length", "batch",
                "fwd+bwd tok/s", "fwd+bwd ms", "host ms", "step tok/s", "MFU %", "peak GB", "x first");
        for (StepBench.Row row : rows) {
            StepBench.Row first = rows.stream().filter(other -> other.length() == row.length()).findFirst().orElseThrow();
            out.printf(Locale.ROOT, "%-11s %-7s %7d %5d %14.0f %11.1f %8.1f %14s %6s %9s %9.2f%n", row.pattern(), row.kernel(),
                    row.length(), row.microBatch(), row.passTokensPerSecond(), row.passMs(), row.hostMs(), show(row.stepTokensPerSecond(), "%.0f", 1),
                    show(row.utilisation(), "%.1f", 100),
                    row.peakMemoryBytes().isPresent() ? String.format(Locale.ROOT, "%.1f", row.peakMemoryBytes().getAsLong() / 1e9) : "-",
                    row.passTokensPerSecond() / first.passTokensPerSecond());
        }
        out.println("host ms: until the host had asked for a pass, its waits for the GPU on the way included;"
                + " the GPU may still be computing most of the pass");
        out.println("milliseconds by part, forward and backward (by blocks: each waited for; as a plan: by the GPU's own clock within a pass):");
        for (StepBench.Row row : rows) {
            out.printf(Locale.ROOT, "%-11s %-7s %7d", row.pattern(), row.kernel(), row.length());
            row.partMs().forEach((part, ms) -> out.printf(Locale.ROOT, "  %s %.1f", part, ms));
            if (!row.launches().isEmpty()) {
                out.printf(Locale.ROOT, "  in %,d launches", row.launches().size());
            }
            out.println();
        }
        out.flush();
    }

    private static String show(OptionalDouble value, String format, double scale) {
        return value.isPresent() ? String.format(Locale.ROOT, format, scale * value.getAsDouble()) : "-";
    }

    private String json(Device where, RunConfig first, List<StepBench.Row> rows, MemoryFailures failures) {
        ObjectNode root = new ObjectMapper().createObjectNode();
        root.put("benchmark", "step").put("config", config).put("device", where.toString())
                .put("precision", first.precision().key())
                .put("activation_checkpointing", first.training().activationCheckpointing().toString())
                .put("warm_ups", warmUps).put("repetitions", repetitions);
        ObjectNode versions = root.putObject("versions");
        Versions.all().forEach(versions::put);
        for (StepBench.Row row : rows) {
            ObjectNode node = root.withArray("rows").addObject().put("pattern", row.pattern()).put("kernel", row.kernel()).put("length", row.length())
                    .put("pass", row.pass()).put("activation_checkpointing", row.checkpointing().toString())
                    .put("launches", row.launches().size()).put("micro_batch", row.microBatch()).put("forward_backward_ms", row.passMs())
                    .put("host_ms", row.hostMs())
                    .put("forward_backward_tokens_per_second", row.passTokensPerSecond());
            row.stepMs().ifPresent(ms -> node.put("step_ms", ms));
            row.stepTokensPerSecond().ifPresent(rate -> node.put("step_tokens_per_second", rate));
            row.utilisation().ifPresent(share -> node.put("model_flop_utilisation", share));
            row.peakMemoryBytes().ifPresent(bytes -> node.put("peak_memory_bytes", bytes));
            ObjectNode parts = node.putObject("part_ms");
            row.partMs().forEach(parts::put);
        }
        failures.lines().forEach(root.putArray("failures")::add);
        return root.toPrettyString();
    }
}
