package ai.spattention.train.cli;

import ai.spattention.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Folders that commands write into. */
final class OutputFolders {

    private OutputFolders() {}

    /**
     * Refuses a folder that holds something: a command never mixes its output with what was there.
     *
     * @param folder the folder, absent or empty
     * @throws InvalidInputException if it is not empty, or no folder
     * @throws IOException if it cannot be read
     */
    static void requireFresh(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw new InvalidInputException(folder + " is a file: --output must name a folder");
        }
        try (var entries = Files.list(folder)) {
            if (entries.findAny().isPresent()) {
                throw new InvalidInputException("the output folder " + folder
                        + " exists and is not empty: choose another, or continue it with 'train --resume'");
            }
        }
    }

    /**
     * The first of BASE, BASE-2, BASE-3 and so on that is free.
     *
     * @param base the wanted folder
     * @return a folder that does not exist
     */
    static Path free(Path base) {
        Path candidate = base;
        for (int number = 2; Files.exists(candidate); number++) {
            candidate = base.resolveSibling(base.getFileName() + "-" + number);
        }
        return candidate;
    }
}
