package ai.spattention.train.cli;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.train.cli.option.DeviceOption;
import ai.spattention.train.cli.session.RunFolder;
import ai.spattention.train.cli.session.TrainingSession;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.RunConfigLoader;
import ai.spattention.train.data.Preparation;
import ai.spattention.train.data.PreparationListener;
import ai.spattention.train.data.PreparationSettings;
import ai.spattention.train.data.source.DocumentSeparator;
import ai.spattention.train.loop.HostMemory;
import ai.spattention.train.loop.periodic.TaskEvaluation;
import ai.spattention.train.loop.setup.ModelSetup;
import ai.spattention.train.machine.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** From nothing to a trained model: the first command to run. */
@Command(name = "quickstart", mixinStandardHelpOptions = true, description = {
    "Train a small model on the Java sources of well-known libraries, from nothing to samples of text.",
    "Needs no GPU, no data and, once the project is built, no network."})
final class QuickstartCommand implements Callable<Integer> {

    @Mixin
    private DeviceOption device;

    @Option(names = "--output", paramLabel = "DIR", description = "The run's folder (default: runs/quickstart, or the next free one).")
    private Path output;

    @Option(names = "--config", defaultValue = "quickstart", paramLabel = "FILE|PRESET", description = "quickstart, quickstart-PATTERN, or a configuration (YAML) of a model that reads bytes (default: ${DEFAULT-VALUE}).")
    private String config;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Override a key, for example training.steps=100. Repeatable.")
    private List<String> overrides = List.of();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        RunConfig run = RunConfigLoader.load(ConfigSource.of(config), overrides);
        if (output != null) {
            RunFolder.requireFresh(output);
        }
        Device where = device.device(run.device());
        HostMemory.require(run, where);
        Preparation preparation = new Preparation(settings(), new ByteTokenizer(), Runtime.getRuntime().availableProcessors());
        ModelSetup.requirePrompt(run, new ByteTokenizer());
        if (!run.evaluation().taskNames().isEmpty()) {
            TaskEvaluation.prepare(run.evaluation(), new ByteTokenizer(), run.model().maxPositionEmbeddings(), note -> { });
        }
        try (RunFolder folder = output == null ? RunFolder.createFree(Path.of("runs", run.name())) : RunFolder.create(output)) {
            spec.commandLine().getErr().println("preparing the Java sources of Apache Commons Lang, Collections and Math ...");
            Path data = folder.path().resolve("data");
            preparation.run(data, PreparationListener.NONE);
            new TrainingSession(run.withDataPath(data.toString()), where, folder, spec.commandLine().getOut()).run(false);
        }
        return 0;
    }

    /** About one file in twenty is held out. */
    private static PreparationSettings settings() {
        Path corpus = Installation.find().map(Installation::corpus).orElseThrow(
                () -> new InvalidInputException("the quickstart's text lies beside the program: start it with ./spattn"));
        if (!Files.isDirectory(corpus)) {
            throw new InvalidInputException("there is no text to learn from in " + corpus + ": build the project again (mvn package)");
        }
        return new PreparationSettings(List.of(corpus.toString()), Map.of(), PreparationSettings.DEFAULT_FIELD, DocumentSeparator.NONE, 0.05, 0,
                PreparationSettings.DEFAULT_SHARD_TOKENS);
    }
}
