package ai.spattention.train.data.source;

import ai.spattention.InvalidInputException;
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
        Path base = pattern;
        while (base != null && base.toString().chars().anyMatch(c -> GLOB_CHARACTERS.indexOf(c) >= 0)) {
            base = base.getParent();
        }
        Path root = base == null ? Path.of("") : base;
        PathMatcher matcher;
        try {
            matcher = FileSystems.getDefault().getPathMatcher("glob:" + pattern);
        } catch (PatternSyntaxException e) {
            throw new InvalidInputException("'" + pattern + "' is not a pattern: " + e.getDescription(), e);
        }
        int depth = pattern.toString().contains("**") ? Integer.MAX_VALUE
                : pattern.getNameCount() - (base == null ? 0 : base.getNameCount());
        List<Path> found = Files.isDirectory(root) ? filesBelow(root, depth).stream().filter(matcher::matches).toList() : List.of();
        if (found.isEmpty()) {
            throw new InvalidInputException("no file matches the pattern " + pattern);
        }
        return found;
    }

    private static List<Path> filesBelow(Path folder, int depth) throws IOException {
        try (Stream<Path> files = Files.walk(folder, depth, FileVisitOption.FOLLOW_LINKS)) {
            return files.filter(file -> !isHidden(folder.relativize(file)) && !Files.isDirectory(file)).toList();
        } catch (UncheckedIOException e) {
            throw ReadFailures.explain(folder, e.getCause());
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
