package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the launcher refuses before it starts anything, and how it begins again. */
class LaunchCommandTest {

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', value = {
        "--processes 0 train --config quickstart | --processes must be at least 1 (got 0)",
        "--processes 2 --nodes 0 train --config quickstart | --nodes must be at least 1 (got 0)",
        "--processes 2 --node-rank 1 train --config quickstart | --node-rank must be from 0 to 0",
        "--processes 2 --nodes 2 train --config quickstart | --nodes 2 needs --master HOST:PORT",
        "--processes 2 --nodes 2 --master here train --config quickstart | --master must be HOST:PORT",
        "--processes 2 --nodes 2 --master here:65535 train --config quickstart | --master must be HOST:PORT",
        "--processes 2 --nodes 2 --master here:1 train --device cpu --config quickstart | 'spattn launch' serves one machine",
        "--processes 2 --max-restarts -1 train --config quickstart | --max-restarts must be at least 0 (got -1)",
        "--processes 2 --max-restarts 1 train --config quickstart | --max-restarts needs --output DIR",
        "--processes 2 --restart-processes 3 train --config quickstart | --restart-processes must be from 1 to --processes, 2 (got 3)",
        "--processes 2 prepare --output x | 'prepare' cannot be launched",
        "--processes 2 bench step | 'bench step' cannot be launched: only 'train', 'bench train' and 'bench collectives' run",
        "--processes 2 --max-restarts 1 bench train --device cpu | --max-restarts needs --output DIR",
        "--processes 2 bench train --device gpu:1 | names one GPU",
        "--processes 2 launch --processes 2 train | 'launch' cannot be launched",
        "--processes 2 train --confg quickstart | unknown argument '--confg'",
        "--processes 2 train | --config is missing",
        "--processes 2 train --config quickstart --set training.stps=1 | training.stps",
        "--processes 2 train --config quickstart --device gpu:1 | names one GPU",
        "train --config quickstart | --processes"})
    void refusesInOneLine(String arguments, String message) {
        String line = Cli.refused(("launch " + arguments).split(" "));
        assertTrue(line.contains(message), line);
    }

    @Test
    void refusesWhereAnotherLauncherOrNothingToTalkByIs() {
        assertTrue(assertThrows(InvalidInputException.class, () -> LaunchCommand.requireLauncher(Map.of("RANK", "3"), "Linux")).getMessage()
                .startsWith("RANK is set (3)"));
        assertThrows(InvalidInputException.class, () -> LaunchCommand.requireLauncher(Map.of(), "Windows 11"));
        LaunchCommand.requireLauncher(Map.of(), "Mac OS X");
    }

    @Test
    void tellsTheHelpOfWhatItLaunches() {
        assertEquals(Cli.ok("train", "--help").out(), Cli.ok("launch", "--processes", "2", "train", "--help").out());
        assertEquals(Cli.ok("bench", "train", "--help").out(), Cli.ok("launch", "--processes", "2", "bench", "train", "--help").out());
    }

    @Test
    void goesOnWithTheSameArguments() throws Exception {
        List<String> begin = List.of("train", "--config", "quickstart", "--set", "seed=3", "--output", folder.toString());
        List<String> again = List.of("train", "--config", "quickstart", "--set", "seed=3", "--output", folder.toString(), "--resume");
        assertEquals(again, LaunchCommand.resumed(begin, folder));
        assertEquals(again, LaunchCommand.resumed(again, folder));
    }

    @Test
    void whatBeganWithAModelGoesOnWithItsOwnConfiguration() throws Exception {
        List<String> begin = List.of("train", "--from", "model", "--config=mine.yaml", "--set", "seed=3");
        assertEquals(begin, LaunchCommand.resumed(begin, folder));
        Files.writeString(folder.resolve("config.yaml"), "");
        assertEquals(List.of("train", "--set", "seed=3", "--resume"), LaunchCommand.resumed(begin, folder));
    }
}
