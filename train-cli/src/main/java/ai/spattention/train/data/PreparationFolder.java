package ai.spattention.train.data;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.io.AtomicFolder;
import ai.spattention.olmoe.io.FolderLock;
import ai.spattention.olmoe.io.OwnFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A folder that one process at a time fills with prepared data, going on where the same preparation stopped.
 *
 * @param folder the folder
 * @param arguments what the preparation was started with
 */
record PreparationFolder(Path folder, Map<String, String> arguments) {

    /** Says that all units are complete, and that files may have been moved. */
    static final String JOINING = "joining";

    private static final String LOCK = "lock";

    private static final List<String> OWN = List.of(PreparationState.FILE, JOINING);

    /** Writes all but what is needed only until then. */
    @FunctionalInterface
    interface Filling {

        /**
         * Writes, the manifest last.
         *
         * @param work the folder for what is needed only until the manifest is written
         * @param from the state that was left, or that of the beginning
         */
        void fill(Path work, PreparationState from) throws IOException;
    }

    /** Fills the folder, unless that is done; deletes what was needed for going on. */
    PreparedData fill(Filling filling) throws IOException {
        Path work = folder.resolve(Preparation.WORK);
        requireUsable(work);
        AtomicFolder.requireWritable(work);
        try {
            try (FolderLock lock = FolderLock.take(work.resolve(LOCK), folder)) {
                requireUsable(work); // another process may have ended meanwhile
                if (!Files.exists(folder.resolve(Manifest.FILE))) {
                    Optional<PreparationState> left = PreparationState.read(work);
                    PreparationState from = left.isPresent() && isBegun(left.get(), work) ? left.get() : PreparationState.begin(arguments);
                    from.write(work);
                    filling.fill(work, from);
                }
                deleteWork(work);
            }
            OwnFiles.deleteIfEmpty(work);
        } catch (IOException e) {
            throw AtomicFile.explain(folder, e);
        }
        return PreparedData.open(folder);
    }

    /** Whether there is something to go on with, which would be lost otherwise. */
    private static boolean isBegun(PreparationState state, Path work) throws IOException {
        return !state.isEmpty() || !UnitFolder.all(work).isEmpty();
    }

    private void requireUsable(Path work) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw new InvalidInputException(folder + " is a file: --output must name a folder");
        }
        Optional<PreparationState> state = PreparationState.read(work);
        boolean finished = Files.exists(folder.resolve(Manifest.FILE));
        if (state.isPresent()) {
            if (finished || isBegun(state.get(), work)) {
                state.get().requireArguments(folder, arguments);
            }
        } else if (finished) {
            deleteWork(work); // its process was killed at its very end
            OwnFiles.delete(work, LOCK::equals);
            throw new InvalidInputException(folder + " holds prepared data already: choose another folder, or delete it");
        } else {
            try (var entries = Files.list(folder)) {
                if (entries.anyMatch(entry -> !entry.equals(work))) {
                    throw new InvalidInputException("the output folder " + folder
                            + " exists and is not empty: choose another, or delete it");
                }
            }
        }
    }

    /** Deletes what was needed for going on. */
    static void deleteWork(Path work) throws IOException {
        for (Path unit : UnitFolder.all(work)) {
            OwnFiles.deleteTree(unit);
        }
        OwnFiles.delete(work, name -> OWN.contains(name) || ShardWriter.isOwn(name));
    }

    /** Writes what makes a folder of shards a prepared folder; the manifest comes last, so that a folder without one is unfinished. */
    static void complete(Path folder, String tokenizerJson, Manifest manifest) throws IOException {
        AtomicFile.write(folder.resolve("tokenizer.json"), tokenizerJson);
        AtomicFile.write(folder.resolve(Manifest.FILE), manifest.toJson());
    }
}
