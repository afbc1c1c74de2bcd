package ai.spattention.train.cli.option;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.OutputFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;

/**
 * Where a command's results go, checked before it computes them: nothing is written that the command reads, under whatever name
 * or link, and no two results go into one file. Inputs are named first.
 */
public final class Outputs {

    private static final int DEPTH = 8;
    private static final Path NOTHING = ProcessBuilder.Redirect.DISCARD.file().toPath();

    private final List<Input> inputs = new ArrayList<>();
    private final List<Named> outputs = new ArrayList<>();

    private record Named(String option, Path path) {}

    /** A folder's files are those below it that the command would read. */
    private record Input(Named name, Predicate<Path> files) {}

    /**
     * A file that is read, or a folder whose every file is.
     *
     * @param option what names it
     * @param path the path, or null if there is none
     * @return this
     */
    public Outputs reads(String option, Path path) {
        return reads(option, path, file -> true);
    }

    /**
     * A folder of which some files are read.
     *
     * @param option what names it
     * @param folder the folder, or null if there is none
     * @param files tells by a path in the folder whether the command reads such a file
     * @return this
     */
    public Outputs reads(String option, Path folder, Predicate<Path> files) {
        if (folder != null) {
            inputs.add(new Input(new Named(option, folder), files));
        }
        return this;
    }

    /** A model's folder. */
    public Outputs readsModel(String option, Path folder) {
        return reads(option, folder, file -> file.getNameCount() == 1
                && file.toString().matches(
                ".*\\.safetensors(\\.index\\.json)?|.*config\\.json|tokenizer.*\\.json|special_tokens_map\\.json"));
    }

    /** Prepared data. */
    public Outputs readsPrepared(String option, Path folder) {
        return reads(option, folder, file -> file.getNameCount() > 1 || file.toString().matches("(manifest|tokenizer|token-counts)\\.json"));
    }

    /** Benchmark sets: the files of splits, as {@link ai.spattention.eval.data.DataFolder} finds them. */
    public Outputs readsTasks(String option, Path folder) {
        return reads(option, folder, file -> file.getNameCount() > 1
                && file.getFileName().toString().matches(
                "(.*-)?(train|validation|dev|test)(-.*)?\\.(jsonl?|parquet|arrow)(\\.gz|\\.zst)?"));
    }

    /** A run's folder: what a report is drawn from. */
    public Outputs readsRun(String option, Path folder) {
        return reads(option, folder, file -> file.toString().matches(
                "(metrics|samples)\\.jsonl|config\\.yaml|versions\\.json|failure\\.txt|model/.*"));
    }

    /**
     * A file that is written.
     *
     * @param option what names it
     * @param file the file, or null if nothing is
     * @return this
     * @throws InvalidInputException if it is a folder, is read or written as something else, or could not be written
     * @throws IOException if an input cannot be listed
     */
    public Outputs writes(String option, Path file) throws IOException {
        if (file == null) {
            return this;
        }
        if (Files.isDirectory(file)) {
            throw new InvalidInputException(option + " " + file + " is a folder: name a file to write");
        }
        OutputFile output = OutputFile.of(file);
        for (Input input : inputs) {
            Optional<Path> same = same(input, output.path());
            if (same.isPresent()) {
                throw new InvalidInputException(option + " " + file + " would write over " + same.get() + ", which "
                        + input.name.option + " reads: name another file");
            }
        }
        for (Named other : outputs) {
            if (isSame(output.path(), OutputFile.of(other.path).path()) && !isSame(output.path(), NOTHING)) {
                throw new InvalidInputException(option + " " + file + " is the same file as " + other.option + " " + other.path
                        + ": name another file");
            }
        }
        requireWritable(file, output);
        outputs.add(new Named(option, file));
        return this;
    }

    /**
     * A folder that is written.
     *
     * @param option what names it
     * @param folder the folder; need not exist
     * @return this
     * @throws InvalidInputException if it is an input or lies in one, or could not be written
     * @throws IOException if a path cannot be followed
     */
    public Outputs writesFolder(String option, Path folder) throws IOException {
        Path real = real(folder);
        for (Input input : inputs) {
            if (Files.isDirectory(input.name.path) && real.startsWith(input.name.path.toRealPath())) {
                throw new InvalidInputException(option + " " + folder + " lies in " + input.name.path + ", which "
                        + input.name.option + " reads: name a folder elsewhere");
            }
        }
        requireWritable(folder, nearest(folder, real));
        return this;
    }

    /** The input file that the output is, or would become one of; empty if there is none. */
    private static Optional<Path> same(Input input, Path output) throws IOException {
        Path path = input.name.path;
        if (!Files.isDirectory(path)) {
            return isSame(output, path) ? Optional.of(path) : Optional.empty();
        }
        Path folder = path.toRealPath();
        if (output.startsWith(folder) && input.files.test(folder.relativize(output))) {
            return Optional.of(path.resolve(folder.relativize(output)));
        }
        if (!Files.isRegularFile(output)) {
            return Optional.empty();
        }
        try (Stream<Path> files = Files.walk(path, DEPTH, FileVisitOption.FOLLOW_LINKS)) {
            return files.filter(file -> Files.isRegularFile(file) && input.files.test(path.relativize(file)) && isSame(output, file))
                    .findFirst();
        } catch (UncheckedIOException e) {
            throw new InvalidInputException("cannot list " + path + ": " + e.getCause().getMessage(), e);
        }
    }

    private static boolean isSame(Path one, Path other) {
        try {
            return one.equals(other) || Files.exists(one) && Files.exists(other) && Files.isSameFile(one, other);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void requireWritable(Path named, OutputFile output) {
        Path nearest = nearest(named, output.path());
        requireWritable(named, Files.isRegularFile(nearest) && !output.isStream() ? nearest.getParent() : nearest);
    }

    /** The path, or what is there of those above it. */
    private static Path nearest(Path named, Path path) {
        Path nearest = path;
        while (!Files.exists(nearest)) {
            nearest = nearest.getParent();
        }
        if (!path.equals(nearest) && !Files.isDirectory(nearest)) {
            throw new InvalidInputException("cannot write " + named + ": " + nearest + " is a file where a folder has to be");
        }
        return nearest;
    }

    private static void requireWritable(Path named, Path written) {
        if (!Files.isWritable(written)) {
            throw new InvalidInputException("cannot write " + named + ": " + written + " is read-only or not yours");
        }
    }

    /**
     * Where a command prints what goes to standard output, unless its results go there.
     *
     * @param spec the command
     * @param output where the results go, or null
     * @return standard output or standard error
     * @throws IOException if a link cannot be followed
     */
    public static PrintWriter console(CommandSpec spec, Path output) throws IOException {
        return output != null && OutputFile.of(output).isStandardOutput() ? spec.commandLine().getErr() : spec.commandLine().getOut();
    }

    /** The real path, as far as it exists. */
    private static Path real(Path path) throws IOException {
        Path absolute = path.toAbsolutePath();
        Path existing = absolute;
        while (!Files.exists(existing)) {
            existing = existing.getParent();
        }
        return existing.toRealPath().resolve(existing.relativize(absolute)).normalize();
    }
}
