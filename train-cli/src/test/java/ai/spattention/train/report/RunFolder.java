package ai.spattention.train.report;

import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.RunConfigLoader;
import ai.spattention.train.config.RunConfigWriter;
import ai.spattention.train.metrics.MetricsWriter;
import ai.spattention.train.metrics.SampleWriter;
import ai.spattention.train.metrics.StepMetrics;
import ai.spattention.train.metrics.TextSample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.Stream;

/** A run's folder for the tests of this package, as a training run leaves it. */
record RunFolder(Path path) {

    static RunFolder create(Path path) throws IOException {
        return new RunFolder(Files.createDirectories(path));
    }

    RunFolder config(String name, String... overrides) throws IOException {
        String[] all = Stream.concat(Stream.of("name=" + name), Arrays.stream(overrides)).toArray(String[]::new);
        RunConfig config = RunConfigLoader.load(ConfigSource.of("quickstart"), List.of(all));
        Files.writeString(path.resolve("config.yaml"), RunConfigWriter.toYaml(config));
        return this;
    }

    RunFolder metrics(int steps, BiFunction<Integer, StepMetrics.Builder, StepMetrics.Builder> more) throws IOException {
        try (MetricsWriter writer = MetricsWriter.create(path.resolve("metrics.jsonl"))) {
            for (int step = 1; step <= steps; step++) {
                writer.write(more.apply(step, step(step)).build());
            }
        }
        return this;
    }

    RunFolder samples(TextSample... samples) throws IOException {
        try (SampleWriter writer = SampleWriter.create(path.resolve("samples.jsonl"))) {
            for (TextSample sample : samples) {
                writer.write(sample);
            }
        }
        return this;
    }

    RunFolder file(String name, String text) throws IOException {
        Files.createDirectories(path.resolve(name).getParent());
        Files.writeString(path.resolve(name), text);
        return this;
    }

    static StepMetrics.Builder step(long step) {
        return StepMetrics.builder().setStep(step).setTokens(step * 2048).setTimeSeconds(step * 0.5)
                .setLosses(5.5 / Math.sqrt(step), 1.25, 4).setGradientNorm(0.75).setLearningRate(1e-4).setTokensPerSecond(4096);
    }
}
