package ai.spattention.train.cli;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.train.cli.option.PrepareOptions;
import ai.spattention.train.data.Preparation;
import ai.spattention.train.data.PreparationInputs;
import ai.spattention.train.data.PreparationListener;
import ai.spattention.train.data.source.InputFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Prepares one unit. */
@Command(name = "prepare", mixinStandardHelpOptions = true, description = "Prepare one unit. The inputs are those of the whole, for its manifest.")
final class UnitsPrepareCommand implements Callable<Integer> {

    @Mixin
    private PrepareOptions options;

    @Option(names = "--files", required = true, paramLabel = "FILE", description =
        "The unit's files, ordered by their names: a line each with its held-out set or nothing, its name and its place here, apart by tabs.")
    private Path files;

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "The unit's folder: absent, empty, or left unfinished by the same command.")
    private Path output;

    @Option(names = "--validation", paramLabel = "[NAME=]INPUT", description = "As of 'prepare', for the manifest.")
    private List<String> validation = List.of();

    @Override
    public Integer call() throws IOException {
        try (Tokenizer tokenizer = options.loadTokenizer()) {
            new Preparation(options.settings(PrepareCommand.heldOut(validation)), tokenizer, options.threads())
                    .runUnit(inputs(), output, PreparationListener.NONE);
        }
        return 0;
    }

    private PreparationInputs inputs() throws IOException {
        Map<String, List<InputFile>> heldOut = new LinkedHashMap<>();
        List<InputFile> learnt = new ArrayList<>();
        for (String line : Files.readAllLines(files)) {
            String[] columns = line.split("\t", -1);
            if (columns.length != 3) {
                throw new InvalidInputException(files + " must hold a set, a name and a path a line, apart by tabs (got '" + line + "')");
            }
            List<InputFile> set = columns[0].isEmpty() ? learnt : heldOut.computeIfAbsent(columns[0], any -> new ArrayList<>());
            set.add(new InputFile(Path.of(columns[2]), columns[1]));
        }
        return new PreparationInputs(heldOut, learnt);
    }
}
