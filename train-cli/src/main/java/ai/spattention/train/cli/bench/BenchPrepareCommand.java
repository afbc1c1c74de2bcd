package ai.spattention.train.cli.bench;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.OutputFile;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.train.bench.PrepareBench;
import ai.spattention.train.cli.option.Outputs;
import ai.spattention.train.cli.option.PrepareOptions;
import ai.spattention.train.machine.Versions;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Times the preparation of data. */
@Command(name = "prepare", mixinStandardHelpOptions = true, description = {
    "Time prepare, from files to shards, against the tokenizer library alone on the same texts and threads, in one run.",
    "Speeds are in MB (1e6 bytes) of text in UTF-8 a second."})
final class BenchPrepareCommand implements Callable<Integer> {

    @Mixin
    private PrepareOptions options;

    @Option(names = "--repetitions", defaultValue = "5", paramLabel = "R", description = "Rounds after one that warms up (default: ${DEFAULT-VALUE}).")
    private int repetitions;

    @Option(names = "--output", paramLabel = "FILE", description = "Write the rounds as JSON.")
    private Path output;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (repetitions < 1) {
            throw new InvalidInputException("--repetitions must be at least 1 (got " + repetitions + ")");
        }
        Outputs outputs = options.reads(new Outputs());
        outputs.writes("--output", output);
        PrintWriter err = spec.commandLine().getErr();
        try (Tokenizer tokenizer = options.loadTokenizer()) {
            PrepareBench.Result result = new PrepareBench(options.settings(Map.of()), tokenizer, options.threads(), repetitions,
                    err::println).run();
            print(result);
            if (output != null) {
                OutputFile.write(output, json(result, tokenizer) + "\n");
            }
        }
        return 0;
    }

    private void print(PrepareBench.Result result) throws IOException {
        PrintWriter out = Outputs.console(spec, output);
        out.printf(Locale.ROOT, "%.1f MB of text, %d threads%n", result.textBytes() / 1e6, options.threads());
        out.printf(Locale.ROOT, "%-6s %14s %14s %7s%n", "round", "tokenizer MB/s", "prepare MB/s", "ratio");
        for (int i = 0; i < result.rounds().size(); i++) {
            print(out, Integer.toString(i + 1), result.rounds().get(i));
        }
        print(out, "median", result.median());
    }

    private static void print(PrintWriter out, String name, PrepareBench.Round round) {
        out.printf(Locale.ROOT, "%-6s %14.2f %14.2f %7.2f%n", name, round.tokenizer(), round.prepare(), round.ratio());
    }

    private String json(PrepareBench.Result result, Tokenizer tokenizer) {
        ObjectNode root = new ObjectMapper().createObjectNode();
        root.put("benchmark", "prepare").put("tokenizer", tokenizer.name()).put("tokenizer_digest", tokenizer.digest())
                .put("threads", options.threads()).put("text_bytes", result.textBytes())
                .put("processors", Runtime.getRuntime().availableProcessors())
                .put("tokenizer_mb_per_second", result.median().tokenizer())
                .put("prepare_mb_per_second", result.median().prepare()).put("ratio", result.median().ratio());
        ObjectNode versions = root.putObject("versions");
        Versions.all().forEach(versions::put);
        for (PrepareBench.Round round : result.rounds()) {
            root.withArray("rounds").addObject().put("tokenizer_mb_per_second", round.tokenizer())
                    .put("prepare_mb_per_second", round.prepare()).put("ratio", round.ratio());
        }
        return root.toPrettyString();
    }
}
