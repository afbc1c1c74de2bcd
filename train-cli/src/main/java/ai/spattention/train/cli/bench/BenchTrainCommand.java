package ai.spattention.train.cli.bench;

import ai.djl.Device;
import ai.spattention.Precision;
import ai.spattention.common.InvalidInputException;
import ai.spattention.torch.DeviceSupport;
import ai.spattention.train.bench.TrainBench;
import ai.spattention.train.cli.option.DeviceOption;
import ai.spattention.train.cli.option.Launchable;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.config.DeviceRequest;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.RunConfigLoader;
import ai.spattention.train.config.RunConfigWriter;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.distributed.WorkerIdentity;
import ai.spattention.train.distributed.Workers;
import ai.spattention.train.loop.step.Ranks;
import ai.spattention.train.machine.Versions;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Times whole steps of training, also of several processes. */
@Command(name = "train", mixinStandardHelpOptions = true, description = {
    "Time whole training steps of a configuration on random tokens, with all their micro batches, in one process or several.",
    "For several: 'spattn launch --processes 2 bench train ...'. The slowest one counts; the first one prints."})
final class BenchTrainCommand implements Callable<Integer>, Launchable {

    @Mixin
    private DeviceOption device;

    @Option(names = "--config", defaultValue = "quickstart", paramLabel = "FILE|PRESET", description = "A preset, or a configuration (YAML) (default: ${DEFAULT-VALUE}).")
    private String config;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Override a key of the configuration.")
    private List<String> overrides = List.of();

    @Option(names = "--warm-ups", defaultValue = "3", paramLabel = "W", description = "Steps before those that count (default: ${DEFAULT-VALUE}).")
    private int warmUps;

    @Option(names = "--repetitions", defaultValue = "5", paramLabel = "R", description = "Steps that count (default: ${DEFAULT-VALUE}).")
    private int repetitions;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    private RunConfig configuration() {
        return RunConfigLoader.load(ConfigSource.of(config), overrides);
    }

    @Override
    public DeviceRequest wantedDevice() {
        return device.wanted(configuration().device());
    }

    @Override
    public Optional<Path> resumableFolder() {
        return Optional.empty();
    }

    @Override
    public Integer call() {
        if (warmUps < 1 || repetitions < 1) {
            throw new InvalidInputException("--warm-ups and --repetitions must be at least 1 (got " + warmUps + " and " + repetitions + ")");
        }
        RunConfig run = configuration();
        WorkerIdentity identity = WorkerIdentity.of(System.getenv());
        Ranks.requireEvenShares(run, identity.size());
        Device own = device.ofProcess(identity, run.device());
        if (run.precision() == Precision.BFLOAT16) {
            DeviceSupport.requireBfloat16(own);
        }
        PrintWriter err = spec.commandLine().getErr();
        Workers workers = new Workers(identity, run.distributed().backend(), Duration.ofSeconds(run.distributed().timeoutSeconds()), Path.of(""),
                line -> err.println("spattn: " + line), System.getenv());
        Map<String, String> settings = new HashMap<>(RunConfigWriter.settings(run));
        settings.put("--warm-ups", Integer.toString(warmUps));
        settings.put("--repetitions", Integer.toString(repetitions));
        try (Collectives collectives = workers.meet(own, Versions.alike(), settings, "")) {
            TrainBench.Row row = measured(run, own, collectives, err);
            if (identity.rank() == 0) {
                print(run, own, row);
            }
        }
        return 0;
    }

    /** What fails here must not leave the others waiting. */
    private TrainBench.Row measured(RunConfig run, Device own, Collectives collectives, PrintWriter err) {
        try {
            return new TrainBench(collectives, own, warmUps, repetitions, line -> {
                if (collectives.rank() == 0) {
                    err.println(line);
                    err.flush();
                }
            }).run(run);
        } catch (RuntimeException | Error e) {
            collectives.abortAfter(e);
            throw e;
        }
    }

    private void print(RunConfig run, Device own, TrainBench.Row row) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            ObjectNode root = new ObjectMapper().createObjectNode();
            root.put("benchmark", "train").put("config", run.name()).put("device", own.toString()).put("processes", row.processes())
                    .put("micro_batches", row.microBatches()).put("micro_batch", run.training().microBatch())
                    .put("length", run.data().sequenceLength()).put("shard", run.distributed().shard().toString())
                    .put("overlap", run.distributed().overlap()).put("step_ms", row.stepMs()).put("collective_ms", row.collectiveMs())
                    .put("tokens_per_second", row.tokensPerSecond()).put("pass", row.pass())
                    .put("activation_checkpointing", row.checkpointing()).put("warm_ups", warmUps).put("repetitions", repetitions);
            row.peakMemoryBytes().ifPresent(bytes -> root.put("peak_memory_bytes", bytes));
            ObjectNode versions = root.putObject("versions");
            Versions.all().forEach(versions::put);
            out.println(root);
        } else {
            out.printf(Locale.ROOT, "%d process%s, %d micro batch%s each: %.1f ms a step, %.0f tokens a second, collectives %.1f ms%s%n",
                    row.processes(), row.processes() == 1 ? "" : "es", row.microBatches(), row.microBatches() == 1 ? "" : "es", row.stepMs(),
                    row.tokensPerSecond(), row.collectiveMs(), row.peakMemoryBytes().isEmpty() ? ""
                            : String.format(Locale.ROOT, ", %.1f GB at most", row.peakMemoryBytes().getAsLong() / 1e9));
        }
        out.flush();
    }
}
