package ai.spattention.train.cli;

import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.train.cli.option.PrepareOptions;
import ai.spattention.train.data.Manifest;
import ai.spattention.train.data.PreparationListener;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.data.Split;
import ai.spattention.train.data.UnitCut;
import ai.spattention.train.data.UnitedPreparation;
import ai.spattention.train.terminal.DataProgress;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Turns text into the shards that training reads. */
@Command(name = "prepare", mixinStandardHelpOptions = true, description = {
    "Turn text into token shards for training, in the format that OLMo's trainer reads.",
    "Stopped at any moment and started again with the same arguments, it goes on and writes the same shards."})
final class PrepareCommand implements Callable<Integer> {

    @Mixin
    private PrepareOptions options;

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "The folder to write: absent, empty, or left unfinished by the same command.")
    private Path output;

    @Option(names = "--validation", paramLabel = "[NAME=]INPUT", description = {
        "Text that is held out, as a set of its own: a file, a folder or a pattern. Repeatable; inputs of one NAME are one set.",
        "Each set is written beside the training shards and measured apart by 'train'. Without a NAME it is the set 'validation'."})
    private List<String> validation = List.of();

    @Option(names = "--workers", defaultValue = "1", paramLabel = "N", description = {
        "How many units of the input are prepared at a time (default: ${DEFAULT-VALUE}), each with its share of the threads.",
        "Units are cut by the list of the files, their sizes and the seed alone: the number of workers does not change the result."})
    private int workers;

    @Option(names = "--unit-bytes", defaultValue = "" + UnitCut.DEFAULT_BYTES, paramLabel = "N", description =
        "The most bytes of a unit, as the files are, packed or not (default: ${DEFAULT-VALUE}). A file is never cut.")
    private long unitBytes;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        try (Tokenizer tokenizer = options.loadTokenizer(); ConsoleListener listener = new ConsoleListener(err)) {
            PreparedData data = new UnitedPreparation(options.settings(heldOut(validation)), tokenizer, options.threads(), workers, unitBytes)
                    .run(output, listener);
            listener.close();
            print(data.manifest(), listener);
            warn(data.manifest(), err);
        }
        return 0;
    }

    /** The inputs of each set, by its name. A path may hold a =, too: behind a /, or where the whole is a file. */
    static Map<String, List<String>> heldOut(List<String> options) {
        Map<String, List<String>> sets = new LinkedHashMap<>();
        for (String option : options) {
            int equals = option.indexOf('=');
            int slash = option.indexOf('/');
            boolean isNamed = equals >= 0 && (slash < 0 || equals < slash) && !Files.exists(Path.of(option));
            String name = isNamed ? Split.heldOut(option.substring(0, equals)).name() : Split.VALIDATION.name();
            sets.computeIfAbsent(name, any -> new ArrayList<>()).add(isNamed ? option.substring(equals + 1) : option);
        }
        return sets;
    }

    /** Whoever finds out after a week of training has lost it. */
    private static void warn(Manifest manifest, PrintWriter err) {
        if (manifest.heldOut().stream().allMatch(split -> manifest.tokens(split) == 0)) {
            err.println("warning: nothing is held out, so that training will have no validation loss: prepare again with a larger"
                    + " --validation-fraction or with --validation INPUT, or give 'train' other held-out data by data.validation_path");
        }
        err.flush();
    }

    private void print(Manifest manifest, ConsoleListener listener) {
        PrintWriter out = spec.commandLine().getOut();
        for (Split split : manifest.all()) {
            if (!split.equals(Split.VALIDATION) || manifest.heldOut().size() == 1 || manifest.tokens(split) > 0) {
                out.printf(Locale.ROOT, "%-11s %,d tokens of %,d documents in %d shards%n", split.name() + ":",
                        manifest.tokens(split), manifest.documents(split), manifest.shards(split).size());
            }
        }
        out.println("left out:   " + manifest.settings().get("empty_documents") + " empty documents");
        out.printf(Locale.ROOT, "%-11s %.2f MB/s on %d threads (%.1f MB of text in %.1f s)%n", "speed:",
                listener.megabytes() / listener.seconds(), options.threads(), listener.megabytes(), listener.seconds());
        out.println("manifest:   " + output.resolve(Manifest.FILE));
    }

    /** Shows progress on standard error and takes the time. */
    private static final class ConsoleListener implements PreparationListener, AutoCloseable {

        private final PrintWriter err;
        private DataProgress progress;
        private long startNanos = System.nanoTime();
        private long endNanos = startNanos;
        private long textBytes;

        ConsoleListener(PrintWriter err) {
            this.err = err;
        }

        @Override
        public void begin(long bytesDone, long bytesTotal, long tokensDone) {
            if (tokensDone > 0) {
                err.printf(Locale.ROOT, "going on after %,d tokens%n", tokensDone);
            }
            progress = DataProgress.start("prepare", bytesDone, bytesTotal);
            startNanos = System.nanoTime();
            endNanos = startNanos;
        }

        @Override
        public void progress(long bytesDone, long bytesOfText) {
            endNanos = System.nanoTime();
            textBytes = bytesOfText;
            progress.update(bytesDone, bytesOfText);
        }

        double megabytes() {
            return textBytes / 1e6;
        }

        double seconds() {
            return Math.max(1, endNanos - startNanos) / 1e9;
        }

        @Override
        public void close() {
            if (progress != null) {
                progress.close();
                progress = null;
            }
        }
    }
}
