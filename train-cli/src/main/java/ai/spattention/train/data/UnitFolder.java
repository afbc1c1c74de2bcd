package ai.spattention.train.data;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.io.AtomicFolder;
import ai.spattention.olmoe.io.OwnFiles;
import ai.spattention.olmoe.io.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The prepared folder of a unit, within one that is unfinished. Its mark says that it is complete, and what it was made from.
 *
 * @param path the folder
 */
public record UnitFolder(Path path) {

    private static final String MARK = "complete";
    private static final Pattern NAME = Pattern.compile("unit-[0-9]{5,}");

    static UnitFolder of(Path work, int number) {
        return new UnitFolder(work.resolve(name(number)));
    }

    /**
     * The name of a unit's folder.
     *
     * @param number the unit's, from 0 on
     * @return the name
     */
    public static String name(int number) {
        return String.format(Locale.ROOT, "unit-%05d", number);
    }

    /** The folders of all units that are there. */
    static List<Path> all(Path work) throws IOException {
        if (!Files.isDirectory(work, LinkOption.NOFOLLOW_LINKS)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(work)) {
            return entries.filter(entry -> NAME.matcher(entry.getFileName().toString()).matches()).toList();
        }
    }

    /**
     * What an earlier process completed. A folder that is complete by its mark and is not what was written any more is deleted, for
     * the unit to be prepared anew.
     *
     * @param inputs the digest of what the unit is made from
     * @return its manifest; empty if the unit has to be prepared
     * @throws InvalidInputException if it was made from something else
     */
    Optional<Manifest> complete(String inputs) throws IOException {
        AtomicFolder.requireWritable(path);
        if (!Files.exists(path.resolve(Manifest.FILE))) {
            return Optional.empty();
        }
        Path mark = path.resolve(MARK);
        if (Files.exists(mark) && !Files.readString(mark).strip().equals(inputs)) {
            throw new InvalidInputException("cannot go on: an input file of " + path.getFileName()
                    + ", which had been read, has changed since then; delete the output folder and start again");
        }
        if (Files.exists(mark) && isWhole()) {
            return Optional.of(Manifest.read(path));
        }
        OwnFiles.deleteTree(path);
        return Optional.empty();
    }

    private boolean isWhole() throws IOException {
        try {
            Manifest manifest = PreparedData.open(path).manifest();
            for (Split split : manifest.all()) {
                for (Manifest.Shard shard : manifest.shards(split)) {
                    if (!Files.isRegularFile(path.resolve(shard.documentsFile()))
                            || !Sha256.of(List.of(path.resolve(shard.file()))).equals(shard.sha256())) {
                        return false;
                    }
                }
            }
            return true;
        } catch (InvalidInputException e) { // a shard is gone or cut
            return false;
        }
    }

    /** Marks the folder as complete. */
    void mark(String inputs) throws IOException {
        AtomicFile.write(path.resolve(MARK), inputs + "\n");
    }
}
