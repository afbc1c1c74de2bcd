package ai.spattention.train.machine;

import ai.spattention.common.InvalidInputException;
import ai.spattention.train.terminal.DataProgress;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Artifacts through the user's own Maven, with its settings, mirrors and local repository. */
public final class MavenSource implements ArtifactSource {

    /** Maven's command as the system calls it: Windows starts a batch file by its whole name only. */
    public static final String COMMAND = command(System.getProperty("os.name"));

    /** How Maven tells its progress, for example "Progress (1): 1.2/2.5 GB". */
    private static final Pattern PROGRESS = Pattern.compile("(\\d+(?:\\.\\d+)?)/(\\d+(?:\\.\\d+)?) (B|kB|MB|GB)");
    private static final Map<String, Double> UNITS = Map.of("B", 1.0, "kB", 1e3, "MB", 1e6, "GB", 1e9);

    private static final int LINES_KEPT = 200;

    private final String maven;
    private final Path project;
    private final boolean offline;

    /**
     * Creates a source.
     *
     * @param maven Maven's command, a path or a name
     * @param project a pom.xml, whose version of Maven's dependency plugin is used
     * @param offline whether to use Maven's local repository only
     */
    public MavenSource(String maven, Path project, boolean offline) {
        this.maven = maven;
        this.project = project;
        this.offline = offline;
    }

    static String command(String system) {
        return system.startsWith("Windows") ? "mvn.cmd" : "mvn";
    }

    /**
     * Maven's command, or the wrapper's, which gets a Maven, where the system has none.
     *
     * @param home the folder of the project or the distribution, with the wrapper in it
     * @return a name or a path
     */
    public static String command(Path home) {
        return command(home, System.getenv("PATH"));
    }

    static String command(Path home, String path) {
        boolean installed = Stream.of(path.split(File.pathSeparator)).anyMatch(folder -> Files.isExecutable(Path.of(folder, COMMAND)));
        Path wrapper = home.resolve("mvnw");
        return installed || !Files.isExecutable(wrapper) ? COMMAND : wrapper.toString();
    }

    @Override
    public Path fetch(String artifact, Path folder) throws IOException {
        // neither -B nor -q: with them Maven tells no progress
        List<String> command = new ArrayList<>(List.of(maven, "-N", "-Dstyle.color=never", "-f", project.toString(),
                "dependency:copy", "-Dartifact=" + artifact, "-DoutputDirectory=" + folder, "-Dmdep.useBaseVersion=true"));
        if (offline) {
            command.add(1, "--offline");
        }
        List<String> errors = new ArrayList<>();
        int code = run(command, artifact, errors);
        if (code != 0) {
            throw failed(artifact, code, errors);
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.findFirst().orElseThrow(() -> new IOException("Maven said that it copied " + artifact + ", but did not"));
        }
    }

    private int run(List<String> command, String artifact, List<String> errors) throws IOException {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true)
                    .redirectInput(ProcessBuilder.Redirect.from(ProcessBuilder.Redirect.DISCARD.file())).start();
        } catch (IOException e) {
            throw new InvalidInputException("no Maven found (" + maven + "): install Maven 3.8 or newer, or put it on the PATH", e);
        }
        Thread ending = new Thread(process::destroy); // whoever stops this command stops its Maven
        Runtime.getRuntime().addShutdownHook(ending);
        try (BufferedReader reader = process.inputReader()) {
            errors.addAll(follow(reader, artifact.split(":")[1]));
            return process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while Maven was fetching " + artifact);
        } finally {
            process.destroy();
            removeHook(ending);
        }
    }

    private static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // this process is ending: the hook runs
        }
    }

    /**
     * Reads Maven's lines, which also end with a carriage return, shows its progress and keeps its errors; where there are none, as from a
     * wrapper that gets no Maven, the last line.
     */
    private static List<String> follow(BufferedReader reader, String name) throws IOException {
        Deque<String> errors = new ArrayDeque<>();
        String last = "";
        DataProgress progress = null;
        try {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                Matcher matcher = PROGRESS.matcher(line);
                if (line.contains("Progress (") && matcher.find()) {
                    double unit = UNITS.get(matcher.group(3));
                    long total = Math.round(Double.parseDouble(matcher.group(2)) * unit);
                    if (progress == null && total > 50e6) { // the small files of its plugins are not worth a line
                        progress = DataProgress.start(name, 0, total);
                    }
                    if (progress != null && total > 50e6) {
                        long done = Math.round(Double.parseDouble(matcher.group(1)) * unit);
                        progress.update(done, done);
                    }
                } else if (line.startsWith("[ERROR]")) {
                    errors.add(line.substring("[ERROR]".length()).strip());
                    if (errors.size() > LINES_KEPT) {
                        errors.removeFirst();
                    }
                }
                last = line.isBlank() ? last : line.strip();
            }
        } finally {
            if (progress != null) {
                progress.close();
            }
        }
        return errors.isEmpty() && !last.isEmpty() ? List.of(last) : List.copyOf(errors);
    }

    private IOException failed(String artifact, int code, List<String> errors) {
        String all = String.join(" ", errors);
        if (offline) {
            throw new InvalidInputException("Maven's local repository does not hold " + artifact
                    + " (or its dependency plugin): run the command once without --offline");
        }
        String first = errors.isEmpty() ? "exit code " + code : errors.get(0);
        if (all.contains("No space left")) {
            return new IOException("No space left on the disk of Maven's local repository");
        }
        if (all.contains("Could not transfer") || all.contains("Unknown host") || all.contains("Connection refused")
                || all.contains("timed out") || all.contains("offline mode")) {
            return new IOException("Maven cannot fetch " + artifact + ": no repository was reached. Check the network, and the mirrors"
                    + " and proxies in Maven's settings.xml; with the artifact in its local repository --offline works (Maven said: "
                    + shorten(first) + ")");
        }
        return new IOException("Maven cannot fetch " + artifact + ": " + shorten(first));
    }

    private static String shorten(String line) {
        return line.length() <= 300 ? line : line.substring(0, 300) + " ...";
    }
}
