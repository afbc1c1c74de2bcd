package ai.spattention.eval.data;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.FileFormat;
import ai.spattention.olmoe.io.ReadFailures;
import ai.spattention.olmoe.io.RegularFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A folder with benchmark sets. A split is found, in this order,
 *
 * <ol>
 *   <li>as {@code TASK/SPLIT.jsonl}, in a folder of the task's name, or below it in one of the configuration's name
 *   <li>in a copy of the hub's repository, {@code OWNER/NAME} or {@code NAME}
 *   <li>in the hub's cache, {@code datasets--OWNER--NAME/snapshots/...}
 *   <li>in the cache of Hugging Face's {@code datasets}, {@code OWNER___NAME/CONFIGURATION/VERSION/...}
 * </ol>
 *
 * <p>Files may be of every format for rows that {@link FileFormat} knows, and in parts
 * ({@code SPLIT-00000-of-00002.parquet}). Folders and files may be links, but not to nothing.
 */
public final class DataFolder {

    private static final int DEPTH = 6;
    private static final Pattern ENDING = Pattern.compile("(?i:" + FileFormat.ROWS + ")$");

    private final Path folder;

    private DataFolder(Path folder) {
        this.folder = folder;
    }

    /**
     * Opens a folder.
     *
     * @param folder the folder
     * @return the folder's sets
     * @throws InvalidInputException if it is not there or cannot be read
     */
    public static DataFolder open(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new InvalidInputException("the data folder " + folder + " is not there: --data must name a folder that"
                    + " holds TASK/SPLIT.jsonl, or Parquet or Arrow files as the Hugging Face hub and its cache do");
        }
        if (!Files.isReadable(folder) || !Files.isExecutable(folder)) {
            throw new InvalidInputException("the data folder " + folder + " cannot be read: you have no permission");
        }
        return new DataFolder(folder);
    }

    /**
     * Finds a split.
     *
     * @param task the task's own folder
     * @param sources the set's names on the hub
     * @param split the split
     * @return the split's files, or empty if there are none
     * @throws IOException if a folder cannot be read
     */
    public Optional<DataSplit> find(String task, List<DataSource> sources, String split) throws IOException {
        for (Place place : places(task, sources)) {
            List<Path> files = files(place, split);
            if (!files.isEmpty()) {
                return Optional.of(new DataSplit(split, files));
            }
        }
        return Optional.empty();
    }

    /**
     * Finds the first of several splits that is there.
     *
     * @param task the task's own folder
     * @param sources the set's names on the hub
     * @param splits the splits, the best first
     * @return the first that is there
     * @throws InvalidInputException if none is
     * @throws IOException if a folder cannot be read
     */
    public DataSplit findFirst(String task, List<DataSource> sources, List<String> splits) throws IOException {
        for (String split : splits) {
            Optional<DataSplit> found = find(task, sources, split);
            if (found.isPresent()) {
                return found.get();
            }
        }
        throw new InvalidInputException("no data for '" + task + "' in " + folder + ": put "
                + folder.resolve(task).resolve(splits.get(0) + ".jsonl") + " there, or Parquet or Arrow files of "
                + (sources.isEmpty() ? "that name" : sources.get(0).path()) + " (looked for the splits "
                + String.join(", ", splits) + ")");
    }

    /** A folder to look in, and the configuration whose files count where it holds several. */
    private record Place(Path root, String name) {}

    private List<Place> places(String task, List<DataSource> sources) throws IOException {
        List<Place> places = new ArrayList<>();
        places.add(new Place(folder.resolve(task), sources.isEmpty() ? null : sources.get(0).name()));
        for (DataSource source : sources) {
            places.add(new Place(folder.resolve(source.path()), source.name()));
            places.add(new Place(folder.resolve(source.shortName()), source.name()));
        }
        for (DataSource source : sources) {
            Path hub = folder.resolve("datasets--" + source.path().replace("/", "--"));
            Optional<Path> snapshot = snapshot(hub);
            if (snapshot.isPresent()) {
                places.add(new Place(snapshot.get(), source.name()));
            }
            places.add(new Place(folder.resolve(source.path().replace("/", "___")), source.name()));
        }
        return places;
    }

    /** The snapshot that the hub's cache would use now: the one that {@code refs/main} names, else the newest. */
    private static Optional<Path> snapshot(Path hub) throws IOException {
        Path snapshots = hub.resolve("snapshots");
        if (!Files.isDirectory(snapshots)) {
            return Optional.empty();
        }
        Path main = hub.resolve("refs").resolve("main");
        if (Files.isRegularFile(main)) {
            Path named = snapshots.resolve(Files.readString(main).strip());
            if (Files.isDirectory(named)) {
                return Optional.of(named);
            }
        }
        try (Stream<Path> all = Files.list(snapshots)) {
            return all.filter(Files::isDirectory).max(Comparator.comparingLong(path -> path.toFile().lastModified()));
        }
    }

    private static List<Path> files(Place place, String split) throws IOException {
        if (!Files.isDirectory(place.root)) {
            if (Files.isSymbolicLink(place.root)) {
                RegularFile.requireIfThere(place.root);
            }
            return List.of();
        }
        // SPLIT.jsonl, SPLIT-00000-of-00001.parquet, ai2_arc-SPLIT.arrow, SPLIT-00000-of-00001-0123456789abcdef.parquet
        Pattern wanted = Pattern.compile("(.*-)?" + Pattern.quote(split) + "(-\\d{5}-of-\\d{5}(-[0-9a-f]+)?)?"
                + "(?i:" + FileFormat.ROWS + ")");
        List<Path> found = new ArrayList<>();
        try (Stream<Path> all = Files.walk(place.root, DEPTH, FileVisitOption.FOLLOW_LINKS)) {
            all.filter(file -> wanted.matcher(file.getFileName().toString()).matches()).sorted().forEach(found::add);
        } catch (UncheckedIOException e) {
            throw ReadFailures.explain(place.root, e.getCause());
        }
        return oneFolder(place, found);
    }

    /** A set's files lie in one folder: that of the configuration, else the one nearest to the root. */
    private static List<Path> oneFolder(Place place, List<Path> found) {
        List<Path> candidates = found;
        if (place.name != null) {
            List<Path> named = found.stream().filter(file -> hasFolder(place, file)).toList();
            boolean flat = found.stream().anyMatch(file -> file.getParent().equals(place.root));
            candidates = !named.isEmpty() ? named : flat ? found : List.of();
        }
        Optional<Path> nearest = candidates.stream().map(Path::getParent).min(Comparator.comparingInt(Path::getNameCount));
        List<Path> files = nearest.isEmpty() ? List.of()
                : candidates.stream().filter(file -> file.getParent().equals(nearest.get())).toList();
        // the same split in two formats is one split: the format of the first file counts
        return files.isEmpty() ? files
                : files.stream().filter(file -> type(file).equals(type(files.get(0)))).toList();
    }

    private static boolean hasFolder(Place place, Path file) {
        for (Path part : place.root.relativize(file.getParent())) {
            if (part.toString().equals(place.name)) {
                return true;
            }
        }
        return false;
    }

    private static String type(Path file) {
        String name = file.getFileName().toString();
        Matcher ending = ENDING.matcher(name);
        return ending.find() ? ending.group() : "";
    }
}
