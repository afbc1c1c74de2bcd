package ai.spattention.train.cli;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.train.data.UnitCut;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Says to which unit each file belongs. */
@Command(name = "cut", mixinStandardHelpOptions = true, description = "Say to which unit each file belongs.")
final class UnitsCutCommand implements Callable<Integer> {

    @Parameters(paramLabel = "SIZES", description = "A file with a line for each input file, in the order of their names: its bytes.")
    private Path sizes;

    @Option(names = "--output", required = true, paramLabel = "FILE", description = "Gets a line for each file: the number of its unit, from 0 on.")
    private Path output;

    @Option(names = "--seed", defaultValue = "0", paramLabel = "N", description = "As of 'prepare'.")
    private long seed;

    @Option(names = "--unit-bytes", defaultValue = "" + UnitCut.DEFAULT_BYTES, paramLabel = "N", description = "As of 'prepare'.")
    private long unitBytes;

    @Override
    public Integer call() throws IOException {
        int[] units = UnitCut.cut(read(), seed, unitBytes);
        AtomicFile.write(output, Arrays.stream(units).mapToObj(unit -> unit + "\n").collect(Collectors.joining()));
        return 0;
    }

    private List<Long> read() throws IOException {
        try {
            return Files.readAllLines(sizes).stream().map(Long::valueOf).toList();
        } catch (NumberFormatException e) {
            throw new InvalidInputException(sizes + " must hold a number of bytes a line: " + e.getMessage(), e);
        }
    }
}
