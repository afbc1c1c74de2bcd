package ai.spattention.spark;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileStatus;

/**
 * The output of a preparation while it is unfinished. A unit's folder is uploaded under a name that no other attempt has, and then its mark
 * is written: of several attempts the last one counts, and all are the same.
 *
 * @param storage where it lies
 * @param output the folder that is prepared
 */
record UnitStore(Storage storage, String output) implements Serializable {

    private static final String ARGUMENTS = "arguments";
    private static final String JOINING = "joining";

    /**
     * A unit that is complete.
     *
     * @param inputs the digest of what it was made from
     * @param folder its folder's name
     * @param files its files' sizes and paths in the folder, apart by a tab
     */
    private record Mark(String inputs, String folder, List<String> files) {

        static Mark parse(String text) {
            List<String> lines = text.lines().toList();
            return lines.size() < 2 ? new Mark("", "", List.of()) : new Mark(lines.get(0), lines.get(1), lines.subList(2, lines.size()));
        }

        String text() {
            return inputs + "\n" + folder + "\n" + String.join("\n", files) + "\n";
        }
    }

    private String work(String name) {
        return output + "/.unfinished" + (name.isEmpty() ? "" : "/" + name);
    }

    /** The name of a unit's folder, as {@code spattn units join} wants it. */
    static String name(int unit) {
        return String.format(Locale.ROOT, "unit-%05d", unit);
    }

    private String mark(int unit) {
        return work(name(unit) + ".complete");
    }

    /**
     * Takes the folder for a preparation, or goes on with it.
     *
     * @param arguments what must be the same for going on, a line each
     * @throws RefusedException if the folder holds something else
     */
    void begin(List<String> arguments) throws IOException {
        List<String> entries = storage.list(output).stream().map(FileStatus::getPath).map(org.apache.hadoop.fs.Path::getName).toList();
        if (storage.exists(work(ARGUMENTS))) {
            List<String> before = storage.read(work(ARGUMENTS)).lines().toList();
            for (int i = 0; i < Math.max(arguments.size(), before.size()); i++) {
                String was = i < before.size() ? before.get(i) : "nothing";
                String now = i < arguments.size() ? arguments.get(i) : "nothing";
                if (!was.equals(now)) {
                    throw new RefusedException(output + " holds an unfinished preparation with other arguments (" + was + ", now " + now
                            + "): use the same arguments to go on, or another folder");
                }
            }
        } else if (entries.contains("manifest.json")) {
            throw new RefusedException(output + " holds prepared data already: choose another folder, or delete it");
        } else if (!entries.isEmpty()) {
            throw new RefusedException("the output folder " + output + " exists and is not empty: choose another, or delete it");
        }
        storage.write(work(ARGUMENTS), String.join("\n", arguments) + "\n");
    }

    /** Whether a unit is complete. One whose files are not what was uploaded is not, and will be prepared anew. */
    boolean isComplete(int unit, String inputs) throws IOException {
        if (!storage.exists(mark(unit))) {
            return false;
        }
        Mark mark = Mark.parse(storage.read(mark(unit)));
        if (mark.files().isEmpty()) {
            return false;
        }
        if (!mark.inputs().equals(inputs)) {
            throw new RefusedException("cannot go on: an input file of " + name(unit) + ", which had been read, has changed since then; delete the"
                    + " output folder and start again");
        }
        for (String file : mark.files()) {
            String[] columns = file.split("\t", 2);
            if (!Long.toString(storage.size(work(mark.folder()) + "/" + columns[1])).equals(columns[0])) {
                return false;
            }
        }
        return true;
    }

    /** Uploads a unit's folder. */
    void put(int unit, long attempt, String inputs, Path folder) throws IOException {
        String name = name(unit) + "." + attempt;
        List<String> files = new ArrayList<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : (Iterable<Path>) all.filter(Files::isRegularFile).sorted()::iterator) {
                files.add(Files.size(file) + "\t" + folder.relativize(file).toString().replace('\\', '/'));
            }
        }
        storage.delete(work(name));
        storage.upload(folder, work(name));
        storage.write(mark(unit), new Mark(inputs, name, files).text());
    }

    /** The folder of a complete unit. */
    String folder(int unit) throws IOException {
        return work(Mark.parse(storage.read(mark(unit))).folder());
    }

    /** Whether all units were complete, and files may have been moved. */
    boolean isJoining() throws IOException {
        return storage.exists(work(JOINING));
    }

    void beginJoining() throws IOException {
        storage.write(work(JOINING), "");
    }

    /** Moves a file of a unit to its place, unless that is done. */
    void move(String from, String to) throws IOException {
        if (storage.exists(from)) {
            storage.move(from, output + "/" + to);
        } else if (!storage.exists(output + "/" + to)) {
            throw new RefusedException("cannot go on: " + output + "/" + to + " is not there, but had been written; delete the output folder and"
                    + " start again");
        }
    }

    /** Whether all is written. */
    boolean isFinished() throws IOException {
        return storage.exists(output + "/manifest.json");
    }

    /** Writes what makes the folder a prepared one, the manifest last. */
    void finish(String tokenizer, String manifest) throws IOException {
        storage.write(output + "/tokenizer.json", tokenizer);
        storage.write(output + "/manifest.json", manifest);
    }

    /** Deletes what was needed only until then. */
    void clear() throws IOException {
        storage.delete(work(""));
    }
}
