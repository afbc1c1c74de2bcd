package ai.spattention.train.cli;

import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.train.data.DataPreparation;
import ai.spattention.train.data.Manifest;
import ai.spattention.train.data.PreparationListener;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.data.Split;
import ai.spattention.train.progress.DataProgress;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
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

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        try (Tokenizer tokenizer = options.loadTokenizer(); ConsoleListener listener = new ConsoleListener(err)) {
            PreparedData data = new DataPreparation(options.settings(), tokenizer, options.threads()).run(output, listener);
            listener.close();
            print(data.manifest(), listener);
        }
        return 0;
    }

    private void print(Manifest manifest, ConsoleListener listener) {
        PrintWriter out = spec.commandLine().getOut();
        for (Split split : Split.values()) {
            out.printf(Locale.ROOT, "%-11s %,d tokens of %,d documents in %d shards%n", split.folder() + ":",
                    manifest.tokens(split), manifest.documents(split), manifest.shards(split).size());
        }
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
