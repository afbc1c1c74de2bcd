package ai.spattention.train.cli;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import ai.spattention.train.cli.option.DeviceOption;
import ai.spattention.train.cli.option.Launchable;
import ai.spattention.train.cli.option.Outputs;
import ai.spattention.train.cli.session.LaunchedProcesses;
import ai.spattention.train.cli.session.Processes;
import ai.spattention.train.cli.session.RunFolder;
import ai.spattention.train.cli.session.TrainingSession;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.config.DeviceRequest;
import ai.spattention.train.config.Presets;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.RunConfigLoader;
import ai.spattention.train.data.Manifest;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.distributed.WorkerIdentity;
import ai.spattention.train.info.InfoText;
import ai.spattention.train.info.RunPlan;
import ai.spattention.train.loop.HostMemory;
import ai.spattention.train.loop.step.Ranks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Trains a model on prepared data: a new one, or one that is there. */
@Command(name = "train", mixinStandardHelpOptions = true, description = {
    "Pretrain a model on prepared data, or train one further (--from)."})
final class TrainCommand implements Callable<Integer>, Launchable {

    @Mixin
    private DeviceOption device;

    @Option(names = "--config", paramLabel = "FILE|PRESET", description = "The run's configuration (YAML); with --resume, default: the run's own.")
    private String config;

    @Option(names = "--from", paramLabel = "MODEL", description = {
        "Begin with the weights, sizes and settings of a model's folder (also Hugging Face's) or of a finished run; a schedule of its own.",
        "With --set model.attention_pattern=sp a dense model goes on as one with bands. Without --config: 1,000 steps of 8 sequences."})
    private String from;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Override a key, for example training.steps=100. Repeatable.")
    private List<String> overrides = List.of();

    @Option(names = "--output", paramLabel = "DIR", description = "The run's folder (default: runs/NAME, or the next free one).")
    private Path output;

    @Option(names = "--resume", description = "Go on from the newest whole checkpoint in the output folder.")
    private boolean resume;

    @Option(names = "--dry-run", description = "Tell what the run would be and check all that the run would refuse, data and memory included; writes nothing.")
    private boolean dryRun;

    @Spec
    private CommandSpec spec;

    private final Processes processes;

    TrainCommand() {
        this(new LaunchedProcesses(System.getenv(), line -> System.err.println("spattn: " + line)));
    }

    TrainCommand(Processes processes) {
        this.processes = processes;
    }

    @Override
    public Integer call() throws IOException {
        ConfigSource source = source();
        RunConfig run = RunConfigLoader.load(source, overrides());
        if (!dryRun) {
            requireData(source.name(), run);
        }
        requirePlace(run);
        WorkerIdentity identity = processes.identity();
        if (dryRun) {
            spec.commandLine().getOut().print(InfoText.of(RunPlan.of(run, device.find(run.device()), identity.size())));
            spec.commandLine().getOut().flush();
            requireData(source.name(), run);
            PreparedData.open(Path.of(run.data().path()));
            HostMemory.require(run, device.device(run.device()), identity.size(), identity.localSize());
            return 0;
        }
        if (identity.size() > 1 && output == null) {
            throw new InvalidInputException("a run of several processes needs --output, the folder that all of them see");
        }
        Ranks.requireEvenShares(run, identity.size());
        Device where = device.ofProcess(identity, run.device());
        HostMemory.require(run, where, identity.size(), identity.localSize());
        try (Collectives collectives = processes.join(run, where, output)) {
            train(run, where, collectives);
        }
        return 0;
    }

    private void requirePlace(RunConfig run) throws IOException {
        Outputs outputs = new Outputs();
        if (!resume) {
            outputs.reads("data.path", preparedData(run.data().path()));
            for (String folder : run.data().validationPath().byName().values()) {
                outputs.reads("data.validation_path", preparedData(folder));
            }
        }
        outputs.writesFolder("--output", output == null ? RunFolder.free(place(run)) : output);
        if (!resume && output != null) {
            RunFolder.requireFresh(output);
        }
    }

    private static Path place(RunConfig run) {
        return Path.of("runs", run.name());
    }

    /** What fails here must not leave the others waiting. */
    private void train(RunConfig run, Device where, Collectives collectives) throws IOException {
        try (RunFolder folder = folder(run, collectives)) {
            collectives.barrier(); // the folder is there, and cleared of what a killed run left
            new TrainingSession(run, where, folder, spec.commandLine().getOut(), collectives).run(resume);
        } catch (IOException | RuntimeException | Error e) {
            collectives.abortAfter(e);
            throw e;
        }
    }

    private RunFolder folder(RunConfig run, Collectives collectives) throws IOException {
        if (collectives.rank() > 0) {
            return RunFolder.ofFirstProcess(output);
        }
        return resume ? RunFolder.reopen(output)
                : output == null ? RunFolder.createFree(place(run)) : RunFolder.create(output);
    }

    /** Where the configuration comes from, before the overrides. */
    private ConfigSource source() {
        if (resume && output == null) {
            throw new InvalidInputException("--resume needs --output, the folder of the run to go on with");
        }
        if (from != null && resume) {
            throw new InvalidInputException("--from begins a run and --resume goes on with one: leave one of the two out");
        }
        if (config == null && from == null && !resume) {
            throw new InvalidInputException("--config is missing: name a preset or a .yaml file");
        }
        return config != null ? ConfigSource.of(config)
                : from != null ? Presets.finetune() : ConfigSource.of(output.resolve("config.yaml").toString());
    }

    @Override
    public DeviceRequest wantedDevice() {
        return device.wanted(RunConfigLoader.load(source(), overrides()).device());
    }

    @Override
    public Optional<Path> resumableFolder() {
        return Optional.ofNullable(output);
    }

    /** The option is a key like any other; it is quoted, for a folder may be called 1 or null. */
    private List<String> overrides() {
        List<String> all = new ArrayList<>(overrides);
        if (from != null) {
            all.add("from='" + from.replace("'", "''") + "'");
        }
        return all;
    }

    private static void requireData(String source, RunConfig run) {
        if (run.data().path().isEmpty()) {
            throw new InvalidInputException(source + " names no data: set data.path to a folder of prepared data"
                    + " (--set data.path=DIR)");
        }
    }

    /** Null if there is none: that is told later. */
    private static Path preparedData(String path) {
        Path data = Path.of(path);
        return !path.isEmpty() && Files.exists(data.resolve(Manifest.FILE)) ? data : null;
    }
}
