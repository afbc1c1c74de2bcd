package ai.spattention.train.cli.session;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.io.AtomicFolder;
import ai.spattention.olmoe.io.FolderLock;
import ai.spattention.train.config.ModelFolder;
import ai.spattention.train.loop.TrainedModel;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;

/**
 * A run's folder, which no other process writes to until it is closed, but those of the same run. One in which nothing was written goes then.
 */
public final class RunFolder implements Closeable {

    /** The model that the run ends with. */
    public static final String MODEL = ModelFolder.IN_RUN;

    /** The run's checkpoints. */
    public static final String CHECKPOINTS = TrainedModel.CHECKPOINTS;

    private static final String LOCK = ".lock";

    private final Path path;
    private final Closeable lock;

    private RunFolder(Path path) throws IOException {
        this(path, FolderLock.take(path.resolve(LOCK), path));
    }

    private RunFolder(Path path, Closeable lock) {
        this.path = path;
        this.lock = lock;
    }

    /**
     * The folder of a run whose first process has taken it.
     *
     * @param path the folder
     * @return the folder, for another process of the run
     */
    public static RunFolder ofFirstProcess(Path path) {
        return new RunFolder(path, () -> { });
    }

    /**
     * Takes a folder for a new run: a command never mixes its output with what was there.
     *
     * @param path the folder, absent or empty
     * @return the folder
     * @throws InvalidInputException if it is not empty, no folder or another process's
     * @throws IOException if it cannot be read
     */
    public static RunFolder create(Path path) throws IOException {
        RunFolder folder = new RunFolder(path);
        try {
            requireFresh(path); // under the lock: another run may have begun and ended since a command looked
            return folder;
        } catch (IOException | RuntimeException e) {
            folder.close();
            throw e;
        }
    }

    /**
     * Takes the first of BASE, BASE-2, BASE-3 and so on that does not exist.
     *
     * @param base the wanted folder
     * @return the folder
     * @throws IOException if it cannot be made
     */
    public static RunFolder createFree(Path base) throws IOException {
        try {
            Files.createDirectories(base.toAbsolutePath().getParent());
            for (Path candidate = free(base); ; candidate = free(base)) {
                try {
                    Files.createDirectory(candidate); // who makes it has it
                    return create(candidate);
                } catch (FileAlreadyExistsException e) {
                    // another process was faster
                }
            }
        } catch (IOException e) {
            throw AtomicFile.explain(base, e);
        }
    }

    /** The folder that {@link #createFree} would take now. */
    public static Path free(Path base) {
        Path candidate = base;
        for (int number = 2; Files.exists(candidate, LinkOption.NOFOLLOW_LINKS); number++) {
            candidate = base.resolveSibling(base.getFileName() + "-" + number);
        }
        return candidate;
    }

    /**
     * Takes the folder of a run that goes on, and clears what a killed process left half written.
     *
     * @param path the folder
     * @return the folder
     * @throws InvalidInputException if it is another process's, or a link in it leads to where the run would replace files
     * @throws IOException if it cannot be read
     */
    public static RunFolder reopen(Path path) throws IOException {
        RunFolder folder = new RunFolder(path);
        try {
            for (String own : List.of(MODEL, CHECKPOINTS)) {
                AtomicFolder.requireWritable(path.resolve(own));
            }
            Path board = path.resolve("tensorboard");
            if (Files.exists(board) && !Files.isDirectory(board)) {
                throw new InvalidInputException(board + " is a file: a folder has to be written there");
            }
            AtomicFolder.clearLeftovers(path);
            return folder;
        } catch (IOException | RuntimeException e) {
            folder.close();
            throw e;
        }
    }

    /**
     * Refuses a folder that holds something.
     *
     * @param folder the folder, absent or empty
     * @throws InvalidInputException if it is not empty, or no folder
     * @throws IOException if it cannot be read
     */
    public static void requireFresh(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw new InvalidInputException(folder + " is a file: --output must name a folder");
        }
        try (var entries = Files.list(folder)) {
            if (entries.anyMatch(entry -> !entry.endsWith(LOCK))) {
                throw new InvalidInputException("the output folder " + folder
                        + " exists and is not empty: choose another, or continue it with 'train --resume'");
            }
        }
    }

    public Path path() {
        return path;
    }

    @Override
    public void close() throws IOException {
        lock.close();
    }
}
