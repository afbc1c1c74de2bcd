package ai.spattention.train.cli.bench;

import ai.djl.Device;
import ai.spattention.attention.GradientMode;
import ai.spattention.attention.fused.FusedKernel;
import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.Patterns;
import ai.spattention.torch.AutogradOperator;
import ai.spattention.train.bench.AttentionBench;
import ai.spattention.train.bench.NumberType;
import ai.spattention.train.cli.option.DeviceOption;
import ai.spattention.train.cli.option.Outputs;
import ai.spattention.train.machine.Versions;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What the benchmarks of attention have in common: where, how much, and how often. */
final class AttentionBenchOptions {

    @Mixin
    private DeviceOption device;

    @Option(names = "--length", split = ",", paramLabel = "N", description = "Sequence lengths (default: 128,256,512,1024,2048,4096 for attention, 1024,4096 for block).")
    private List<Integer> lengths = List.of();

    @Option(names = "--heads", defaultValue = "16", paramLabel = "H", description = "Heads (default: ${DEFAULT-VALUE}).")
    private int heads;

    @Option(names = "--head-dim", defaultValue = "64", paramLabel = "D", description = "Head dimension (default: ${DEFAULT-VALUE}).")
    private int headDim;

    @Option(names = "--batch", paramLabel = "B", description = "Sequences at once (default: 1).")
    private Integer batch;

    @Option(names = "--batch-tokens", paramLabel = "T", description = "In place of --batch: positions at once, so that every length computes T / N sequences.")
    private Integer tokens;

    @Option(names = "--pattern", split = ",", defaultValue = "causal,sp,exclusive", paramLabel = "NAME",
            description = "Patterns (default: ${DEFAULT-VALUE}).")
    private List<String> patterns;

    @Option(names = "--repetitions", defaultValue = "5", paramLabel = "R", description = "Timed repetitions; the median counts (default: ${DEFAULT-VALUE}).")
    private int repetitions;

    @Option(names = "--queued", defaultValue = "30", paramLabel = "Q", description = "On a GPU: calls of attention alone in each repetition, queued without waiting in between (default: ${DEFAULT-VALUE}).")
    private int queued;

    @Option(names = "--output", paramLabel = "FILE", description = "Write the rows as JSON.")
    private Path output;

    /** The patterns to measure. */
    List<AttentionPattern> patterns() {
        Patterns known = Patterns.onClassPath();
        return patterns.stream().map(known::of).toList();
    }

    /** Where to write the rows; null for nowhere. */
    Path output() {
        return output;
    }

    /** Refuses an output that could not be written, before the work. */
    void requireOutput() throws IOException {
        new Outputs().writes("--output", output);
    }

    /** Puts the options together; the usual lengths count where none is given. */
    AttentionBench.Settings settings(NumberType type, List<AttentionBench.Case> cases, GradientMode gradients, int warmUps,
            List<Integer> usualLengths) {
        lengths.forEach(length -> positive("--length", length));
        positive("--heads", heads);
        positive("--head-dim", headDim);
        positive("--batch", batch == null ? 1 : batch);
        positive("--batch-tokens", tokens == null ? 1 : tokens);
        positive("--warm-ups", warmUps);
        positive("--repetitions", repetitions);
        positive("--queued", queued);
        if (batch != null && tokens != null) {
            throw new InvalidInputException("--batch and --batch-tokens both say how much to compute at once: give one of them");
        }
        int sequences = batch != null ? batch : tokens != null ? 0 : 1;
        return new AttentionBench.Settings(device.device(), type, lengths.isEmpty() ? usualLengths : lengths, sequences,
                tokens == null ? 0 : tokens, heads, headDim,
                cases, gradients, warmUps, repetitions, queued);
    }

    private static void positive(String option, int value) {
        if (value < 1) {
            throw new InvalidInputException(option + " must be at least 1 (got " + value + ")");
        }
    }

    /** Why the fused kernel serves no plain Trainer on a device. */
    static Optional<String> fusedUnsupported(Device device) {
        return FusedKernel.unavailable(device).or(() -> AutogradOperator.unsupported(device))
                .map(reason -> "the fused kernel does not serve in a plain DJL Trainer here: " + reason);
    }

    /** The head of the JSON that reports a benchmark. */
    static ObjectNode json(String benchmark, AttentionBench.Settings settings) {
        ObjectNode root = new ObjectMapper().createObjectNode();
        root.put("benchmark", benchmark).put("device", settings.device().toString())
                .put("precision", settings.type().toString()).put("heads", settings.heads())
                .put("head_dim", settings.headDim()).put("repetitions", settings.repetitions())
                .put("warm_ups", settings.warmUps()).put("queued", settings.device().isGpu() ? settings.queued() : 1)
                .put("processors", Runtime.getRuntime().availableProcessors());
        ObjectNode versions = root.putObject("versions");
        Versions.all().forEach(versions::put);
        root.putArray("rows");
        return root;
    }

    /** Memory as the tables show it, MB of 2^20 bytes. */
    static String megabytes(OptionalLong bytes) {
        return bytes.isPresent() ? Long.toString(bytes.getAsLong() >> 20) : "-";
    }
}
