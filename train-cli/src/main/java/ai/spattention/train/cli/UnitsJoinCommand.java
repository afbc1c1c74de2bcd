package ai.spattention.train.cli;

import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.train.data.Manifest;
import ai.spattention.train.data.UnitFolder;
import ai.spattention.train.data.UnitJoin;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Says what the manifests of units are as one. */
@Command(name = "join", mixinStandardHelpOptions = true, description = "Write the manifest of all units together, and where their shards belong.")
final class UnitsJoinCommand implements Callable<Integer> {

    @Parameters(paramLabel = "DIR", description = {"A folder with unit-00000/manifest.json and so on.",
        "Gets manifest.json, and moves.tsv: each shard's place in the units' folders and in the whole one, apart by a tab."})
    private Path folder;

    @Option(names = "--units", required = true, paramLabel = "N", description = "How many there are.")
    private int units;

    @Option(names = "--tokenizer-name", paramLabel = "NAME", description = "What the manifest calls the tokenizer, where units were made with a copy.")
    private String tokenizerName;

    @Override
    public Integer call() throws IOException {
        UnitJoin join = UnitJoin.of(IntStream.range(0, units).mapToObj(unit -> Manifest.read(folder.resolve(UnitFolder.name(unit)))).toList());
        AtomicFile.write(folder.resolve("moves.tsv"),
                join.moves().stream().map(move -> move.from() + "\t" + move.to() + "\n").collect(Collectors.joining()));
        boolean isCopy = tokenizerName != null && !join.manifest().tokenizer().name().equals(new ByteTokenizer().name());
        Manifest manifest = isCopy ? join.manifest().withTokenizerName(tokenizerName) : join.manifest();
        AtomicFile.write(folder.resolve(Manifest.FILE), manifest.toJson());
        return 0;
    }
}
