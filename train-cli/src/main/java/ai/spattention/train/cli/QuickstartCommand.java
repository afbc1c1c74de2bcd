package ai.spattention.train.cli;

import ai.djl.Device;
import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.RunConfigLoader;
import ai.spattention.train.data.Document;
import ai.spattention.train.data.Preparation;
import ai.spattention.train.data.SourceJarCorpus;
import ai.spattention.train.loop.ModelSetup;
import ai.spattention.train.loop.TaskEvaluation;
import java.io.IOException;
import java.io.PrintWriter;
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

    @Option(names = "--preset", defaultValue = "quickstart", paramLabel = "NAME", description = "quickstart, or quickstart-PATTERN (default: ${DEFAULT-VALUE}).")
    private String preset;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Override a key, for example training.steps=100. Repeatable.")
    private List<String> overrides = List.of();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        RunConfig run = RunConfigLoader.load(ConfigSource.of(preset), overrides);
        if (output != null) {
            RunFolder.requireFresh(output);
        }
        Device where = device.device(run.device());
        PrintWriter err = spec.commandLine().getErr();
        List<Document> documents = SourceJarCorpus.read(corpus());
        long characters = documents.stream().filter(document -> !SourceJarCorpus.isHeldOut(document))
                .mapToLong(document -> document.text().length()).sum();
        if (characters <= run.data().sequenceLength()) { // seen before anything is written
            throw new InvalidInputException("data.sequence_length " + run.data().sequenceLength()
                    + " is more than the text's " + characters + " characters: choose a shorter one");
        }
        ModelSetup.requirePrompt(run, new ByteTokenizer());
        if (!run.evaluation().taskNames().isEmpty()) {
            TaskEvaluation.prepare(run.evaluation(), new ByteTokenizer(), run.model().maxPositionEmbeddings(), note -> { });
        }
        try (RunFolder folder = output == null ? RunFolder.createFree(Path.of("runs", run.name())) : RunFolder.create(output)) {
            err.println("preparing " + documents.size() + " Java files ...");
            Path data = folder.path().resolve("data");
            Preparation.run(documents.iterator(), new ByteTokenizer(), SourceJarCorpus::isHeldOut,
                    Map.of("sources", "Java sources of Apache Commons Lang, Collections and Math, licence comments left out"),
                    data, done -> { });
            new TrainingSession(run.withDataPath(data.toString()), where, folder, spec.commandLine().getOut()).run(false);
        }
        return 0;
    }

    private static Path corpus() {
        String home = System.getProperty("spattention.home");
        if (home == null) {
            throw new InvalidInputException("the quickstart's text lies beside the program: start it with ./spattn");
        }
        return Path.of(home, "train-cli", "target", "corpus");
    }
}
