package ai.spattention.train.study.run;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.io.FolderLock;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.config.RunConfigWriter;
import ai.spattention.train.study.config.PlannedRun;
import ai.spattention.train.study.config.StudyConfig;
import ai.spattention.train.study.config.StudyConfigReader;
import ai.spattention.train.study.result.ResultFiles;
import ai.spattention.train.study.result.RunResult;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A study's folder, which no other process writes to until it is closed: {@code study.yaml}, {@code runs/PART/ARM/seed-SEED/} and what is made
 * of the results.
 */
public final class StudyFolder implements Closeable {

    private static final String CONFIG = "study.yaml";

    /** A run's configuration, in its folder. */
    static final String RUN_CONFIG = "config.yaml";

    /** The file by which a folder, the study's or a run's, is one process's alone. */
    static final String LOCK = ".lock";

    private static final String DIGEST = "configuration.sha256";
    private static final int DIGITS_SHOWN = 12;

    private final Path path;
    private final FolderLock lock;

    private StudyFolder(Path path) throws IOException {
        this.path = path;
        lock = FolderLock.take(path.resolve(LOCK), path);
    }

    /**
     * Takes a folder for a study, or one in which it goes on.
     *
     * @param path the folder; absent, empty or of the same study
     * @param study the study
     * @return the folder
     * @throws InvalidInputException if it holds something else, a study with another reference, margin, held-out sets or probes, or is another
     *     process's
     * @throws IOException if it cannot be read or written
     */
    public static StudyFolder open(Path path, StudyConfig study) throws IOException {
        requireFits(path, study);
        StudyFolder folder = new StudyFolder(path);
        try {
            requireFits(path, study); // under the lock: another process may have begun since
            AtomicFile.write(path.resolve(CONFIG), study.text());
            return folder;
        } catch (IOException | RuntimeException e) {
            folder.close();
            throw e;
        }
    }

    /**
     * Refuses a folder that holds something else than the study. Arms, seeds and parts may come to a study; what was declared beforehand
     * stays.
     *
     * @param path the folder
     * @param study the study
     * @throws InvalidInputException if so
     * @throws IOException if it cannot be read
     */
    public static void requireFits(Path path, StudyConfig study) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!Files.isDirectory(path)) {
            throw new InvalidInputException(path + " is a file: --output must name a folder");
        }
        Path file = path.resolve(CONFIG);
        if (!Files.exists(file)) {
            try (Stream<Path> entries = Files.list(path)) {
                if (entries.anyMatch(entry -> !entry.endsWith(LOCK))) {
                    throw new InvalidInputException("the output folder " + path + " exists, is not empty and holds no study: choose another");
                }
            }
            return;
        }
        StudyConfig before = StudyConfigReader.read(ConfigSource.file(file));
        requireSame(path, "reference", before.reference(), study.reference());
        requireSame(path, "margin", before.margin(), study.margin());
        requireSame(path, "list of held-out sets", before.heldOut(), study.heldOut());
        requireSame(path, "set of probes", before.probes(), study.probes());
    }

    private static void requireSame(Path path, String what, Object before, Object now) {
        if (!before.equals(now)) {
            throw new InvalidInputException(path + " holds a study with another " + what + " (" + before + ", now " + now
                    + "), which is declared before there are results: choose another folder");
        }
    }

    /**
     * What a finished run gave.
     *
     * @param run the run
     * @param dataDigest what it has to have learnt from
     * @return its result, or empty if it is not finished
     * @throws InvalidInputException if the result, or what is unfinished, is of another configuration or other data
     * @throws IOException if it cannot be read
     */
    public Optional<RunResult> result(PlannedRun run, String dataDigest) throws IOException {
        Path folder = run.folder(path);
        Path file = folder.resolve(RunResult.FILE_NAME);
        if (!Files.exists(file)) {
            Path digest = folder.resolve(DIGEST);
            if (Files.exists(digest)) {
                requireOf(folder, "configuration", Files.readString(digest).strip(), run.digest());
            }
            return Optional.empty();
        }
        RunResult result = ResultFiles.readRun(file);
        requireOf(folder, "configuration", result.configurationDigest(), run.digest());
        requireOf(folder, "data", result.dataDigest(), dataDigest);
        return Optional.of(result);
    }

    private static void requireOf(Path folder, String what, String before, String now) {
        if (!before.equals(now)) {
            throw new InvalidInputException(folder + " holds a run of another " + what + " (digest " + begin(before) + ", now " + begin(now)
                    + "): choose another folder for the study, or remove this one");
        }
    }

    private static String begin(String digest) {
        return digest.substring(0, Math.min(DIGITS_SHOWN, digest.length()));
    }

    /**
     * Makes a run's folder, and notes what it is of: its configuration, and the digest of what counts in it.
     *
     * @param run the run
     * @return its folder
     * @throws IOException if it cannot be written
     */
    public Path begin(PlannedRun run) throws IOException {
        Path folder = Files.createDirectories(run.folder(path));
        AtomicFile.write(folder.resolve(DIGEST), run.digest() + "\n");
        AtomicFile.write(folder.resolve(RUN_CONFIG), RunConfigWriter.toYaml(run.config()));
        return folder;
    }

    @Override
    public void close() throws IOException {
        lock.close();
    }
}
