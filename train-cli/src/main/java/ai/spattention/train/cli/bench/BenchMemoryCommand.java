package ai.spattention.train.cli.bench;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.OwnFiles;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.train.cli.option.DeviceOption;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.RunConfigLoader;
import ai.spattention.train.data.Preparation;
import ai.spattention.train.data.PreparationListener;
import ai.spattention.train.data.PreparationSettings;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.data.source.DocumentSeparator;
import ai.spattention.train.loop.TrainingRun;
import ai.spattention.train.loop.observer.RunObserver;
import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Trains a tiny model for long and watches whether memory grows: arrays that nobody closes would show. */
@Command(name = "memory", mixinStandardHelpOptions = true, description = {
    "Train a tiny model for many steps and compare resident memory at the end with that at step 200.",
    "Exit code 1 if it grew by 2%% or more."})
final class BenchMemoryCommand implements Callable<Integer> {

    private static final int FROM_STEP = 200;
    private static final double ALLOWED_GROWTH = 0.02;

    @Mixin
    private DeviceOption device;

    @Option(names = "--steps", defaultValue = "2000", paramLabel = "N", description = "Steps (default: ${DEFAULT-VALUE}).")
    private int steps;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (steps <= FROM_STEP) {
            throw new InvalidInputException("--steps must be more than " + FROM_STEP + ", the step from which memory counts (got "
                    + steps + ")");
        }
        Device where = device.device();
        Path folder = Files.createTempDirectory("spattention-memory");
        try {
            return measure(where, folder);
        } finally {
            OwnFiles.deleteTree(folder);
        }
    }

    private int measure(Device where, Path folder) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        PreparedData data = prepare(folder.resolve("data"));
        writeTask(folder.resolve("tasks/piqa"));
        Watch watch = new Watch();
        try (TrainingRun run = new TrainingRun(config(data.folder(), folder.resolve("tasks")), data, where, folder.resolve("checkpoints"), watch)) {
            run.run(() -> false);
        }
        if (watch.early.isEmpty() || watch.late.isEmpty()) {
            throw new InvalidInputException("this system does not tell a process's resident memory: nothing was measured");
        }
        double growth = watch.late.getAsDouble() / watch.early.getAsDouble() - 1;
        out.printf(Locale.ROOT, "resident memory at step %d: %.1f MiB, at step %d: %.1f MiB, growth %.2f%%%n", FROM_STEP,
                watch.early.getAsDouble(), steps, watch.late.getAsDouble(), 100 * growth);
        return growth < ALLOWED_GROWTH ? 0 : 1;
    }

    private static PreparedData prepare(Path folder) throws IOException {
        Random random = new Random(1);
        Path text = Files.createDirectories(folder).resolve("text.jsonl");
        Files.write(text, IntStream.range(0, 200).mapToObj(number -> "{\"text\":\"" + random.ints(2_000, 'a', 'z')
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append) + "\"}").toList());
        PreparationSettings settings = new PreparationSettings(List.of(text.toString()), Map.of(), PreparationSettings.DEFAULT_FIELD,
                DocumentSeparator.NONE, 0.1, 0, PreparationSettings.DEFAULT_SHARD_TOKENS);
        return new Preparation(settings, new ByteTokenizer(), 1).run(folder.resolve("prepared"), PreparationListener.NONE);
    }

    private static void writeTask(Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.write(folder.resolve("validation.jsonl"), IntStream.range(0, 20).mapToObj(row -> "{\"goal\":\"question " + row
                + "\",\"sol1\":\"this " + row % 3 + "\",\"sol2\":\"or that\",\"label\":" + row % 2 + "}").toList());
    }

    private RunConfig config(Path data, Path tasks) {
        return RunConfigLoader.load(ConfigSource.of("quickstart"), List.of("data.path=" + data, "data.sequence_length=64",
                "model.hidden_size=32", "model.intermediate_size=16", "model.num_hidden_layers=2", "model.num_attention_heads=4",
                "model.num_experts=4", "training.micro_batch=4", "training.steps=" + steps, "validation.every_steps=100",
                "checkpoint.every_steps=100", "sample.tokens=20", "sample.every_steps=100", "evaluation.tasks=piqa",
                "evaluation.data=" + tasks, "evaluation.every_steps=100"));
    }

    /** Remembers the memory at both ends. */
    private final class Watch implements RunObserver {

        private OptionalDouble early = OptionalDouble.empty();
        private OptionalDouble late = OptionalDouble.empty();

        @Override
        public void step(StepMetrics metrics) {
            if (metrics.step() == FROM_STEP) {
                early = metrics.memoryMb();
            } else if (metrics.step() == steps) {
                late = metrics.memoryMb();
            }
            if (metrics.step() % 500 == 0) {
                note(String.format(Locale.ROOT, "step %d, %.1f MiB", metrics.step(), metrics.memoryMb().orElse(Double.NaN)));
            }
        }

        @Override
        public void note(String message) {
            spec.commandLine().getErr().println(message);
        }
    }
}
