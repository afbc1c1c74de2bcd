package ai.spattention.train.data.source;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.ReadFailures;
import ai.spattention.olmoe.io.RegularFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Stream;

/** Finds the files that a command line means. */
public final class InputFiles {

    private static final String GLOB_CHARACTERS = "*?[{";

    private InputFiles() {}

    /**
     * Lists files. A folder stands for all files in it and below, hidden ones left out; a pattern for the files that it
     * matches, {@code **} crossing folders. A file that is meant twice is listed once. Links to nothing, pipes and devices are
     * not passed over.
     *
     * @param inputs files, folders and patterns
     * @return the files, ordered by their names, at least one
     * @throws InvalidInputException if an input does not exist, matches nothing, cannot be read or is no file
     * @throws IOException if a folder cannot be listed
     */
    public static List<InputFile> find(List<String> inputs) throws IOException {
        Map<Path, Path> files = new LinkedHashMap<>(); // by their real paths
        for (String input : inputs) {
            List<Path> found = expand(input);
            if (found.isEmpty()) {
                throw new InvalidInputException("there are no files in " + input);
            }
            for (Path file : found) {
                RegularFile.require(file, "the input");
                files.putIfAbsent(file.toRealPath(), file);
            }
        }
        return files.values().stream().sorted(Comparator.comparing(Path::toString)).map(InputFile::new).toList();
    }

    /**
     * Whether a file that is not there yet would be found among inputs, under whatever name or link.
     *
     * @param inputs as for {@link #find}, which has found something in them
     * @param file the file
     * @return whether it would be listed once it is there
     * @throws IOException if a folder cannot be listed
     */
    public static boolean wouldFind(List<String> inputs, Path file) throws IOException {
        for (String input : inputs) {
            Path path = Path.of(input);
            if (Files.isDirectory(path) ? reaches(path, Integer.MAX_VALUE, any -> true, file)
                    : !Files.exists(path) && reaches(root(path), depth(path), matcher(path), file)) {
                return true;
            }
        }
        return false;
    }

    private static boolean reaches(Path root, int depth, PathMatcher matcher, Path file) throws IOException {
        Path absolute = file.toAbsolutePath();
        Path existing = absolute.getParent();
        while (!Files.exists(existing)) {
            existing = existing.getParent();
        }
        Path real = existing.toRealPath();
        Path missing = existing.relativize(absolute);
        try (Stream<Path> folders = Files.find(root, depth, (path, attributes) -> attributes.isDirectory(),
                FileVisitOption.FOLLOW_LINKS)) {
            for (Path folder : (Iterable<Path>) folders::iterator) {
                Path place = folder.resolve(missing);
                Path relative = root.relativize(place);
                if (!isHidden(relative) && relative.getNameCount() <= depth && matcher.matches(place)
                        && folder.toRealPath().equals(real)) {
                    return true;
                }
            }
            return false;
        } catch (UncheckedIOException e) {
            throw new InvalidInputException("cannot list " + root + ": " + e.getCause().getMessage(), e);
        }
    }

    private static List<Path> expand(String input) throws IOException {
        if (input.isBlank()) {
            throw new InvalidInputException("an input is empty: name a file, a folder ('.' for this one) or a pattern");
        }
        try {
            Path path = Path.of(input);
            if (Files.isDirectory(path)) {
                return filesBelow(path, Integer.MAX_VALUE);
            }
            if (Files.exists(path) || Files.isSymbolicLink(path)) {
                return List.of(path);
            }
            if (input.chars().noneMatch(c -> GLOB_CHARACTERS.indexOf(c) >= 0)) {
                throw new InvalidInputException("there is no file or folder " + input);
            }
            return matching(path);
        } catch (InvalidPathException e) {
            throw new InvalidInputException("'" + input + "' is not a path: " + e.getReason(), e);
        }
    }

    private static List<Path> matching(Path pattern) throws IOException {
        Path root = root(pattern);
        PathMatcher matcher = matcher(pattern);
        List<Path> found = Files.isDirectory(root) ? filesBelow(root, depth(pattern)).stream().filter(matcher::matches).toList()
                : List.of();
        if (found.isEmpty()) {
            throw new InvalidInputException("no file matches the pattern " + pattern);
        }
        return found;
    }

    /** The folder above the first name with a pattern's characters. */
    private static Path root(Path pattern) {
        Path base = pattern;
        while (base != null && base.toString().chars().anyMatch(c -> GLOB_CHARACTERS.indexOf(c) >= 0)) {
            base = base.getParent();
        }
        return base == null ? Path.of("") : base;
    }

    private static PathMatcher matcher(Path pattern) {
        try {
            return FileSystems.getDefault().getPathMatcher("glob:" + pattern);
        } catch (PatternSyntaxException e) {
            throw new InvalidInputException("'" + pattern + "' is not a pattern: " + e.getDescription(), e);
        }
    }

    private static int depth(Path pattern) {
        Path root = root(pattern);
        return pattern.toString().contains("**") ? Integer.MAX_VALUE
                : pattern.getNameCount() - (root.toString().isEmpty() ? 0 : root.getNameCount());
    }

    private static List<Path> filesBelow(Path folder, int depth) throws IOException {
        try (Stream<Path> files = Files.walk(folder, depth, FileVisitOption.FOLLOW_LINKS)) {
            return files.filter(file -> !isHidden(folder.relativize(file)) && !Files.isDirectory(file)).toList();
        } catch (UncheckedIOException e) {
            throw ReadFailures.explain(folder, e.getCause());
        } catch (IOException e) {
            throw ReadFailures.explain(folder, e);
        }
    }

    private static boolean isHidden(Path relative) {
        for (Path name : relative) {
            if (name.toString().startsWith(".")) {
                return true;
            }
        }
        return false;
    }
}
