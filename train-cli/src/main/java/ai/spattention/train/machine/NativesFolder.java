package ai.spattention.train.machine;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A folder of PyTorch's libraries, as far as its files tell.
 *
 * @param path the folder
 */
public record NativesFolder(Path path) {

    /** Names the PyTorch version (first line) and the flavor (second line); the launcher reads it. */
    public static final String VERSION_FILE = "version.txt";

    private static final int SCANNED_AT_ONCE = 1 << 22;
    /** DJL's library between Java and PyTorch. */
    static final String JNI = System.mapLibraryName("djl_torch");

    /** PyTorch's main library. */
    static final String MAIN = System.mapLibraryName("torch_cpu");

    private static final List<String> NEEDED = List.of(System.mapLibraryName("torch"), MAIN, System.mapLibraryName("c10"));
    private static final List<String> NEEDED_FOR_CUDA = List.of(System.mapLibraryName("c10_cuda"));

    /**
     * Whether the libraries use CUDA.
     *
     * @return true if PyTorch's CUDA library is there
     */
    public boolean isCuda() {
        return Files.isRegularFile(path.resolve(System.mapLibraryName("torch_cuda")));
    }

    /**
     * Whether DJL's library between Java and PyTorch is there, under its own name or that of DJL's cache.
     *
     * @return true if it is there
     */
    public boolean hasJni() {
        return names().stream().anyMatch(name -> name.endsWith(JNI));
    }

    /**
     * The libraries without which PyTorch does not load.
     *
     * @return the names of those that are missing or empty
     */
    public List<String> missing() {
        List<String> needed = new ArrayList<>(NEEDED);
        if (isCuda()) {
            needed.addAll(NEEDED_FOR_CUDA);
        }
        if (!hasJni()) {
            needed.add(JNI);
        }
        return needed.stream().filter(name -> !isFilled(path.resolve(name))).toList();
    }

    /**
     * What the version file says.
     *
     * @return version and flavor, or empty if there is no such file with two lines
     */
    public Optional<Version> version() {
        Path file = path.resolve(VERSION_FILE);
        try {
            List<String> lines = Files.isRegularFile(file) ? Files.readAllLines(file) : List.of();
            return lines.size() < 2 ? Optional.empty() : Optional.of(new Version(lines.get(0).strip(), lines.get(1).strip()));
        } catch (IOException e) {
            return Optional.empty(); // not text: it tells nothing
        }
    }

    /**
     * Whether PyTorch's main library says that it is of a version: the text stands in it, as libtorch would print it.
     *
     * @param pytorch the version, for example 2.5.1
     * @return true if it does
     * @throws IOException if the library cannot be read
     */
    public boolean isOfVersion(String pytorch) throws IOException {
        String plain = "\0" + pytorch + "\0";
        String withFlavor = "\0" + pytorch + "+";
        byte[] buffer = new byte[SCANNED_AT_ONCE];
        try (InputStream in = Files.newInputStream(path.resolve(MAIN))) {
            String tail = "";
            for (int count = in.readNBytes(buffer, 0, buffer.length); count > 0; count = in.readNBytes(buffer, 0, buffer.length)) {
                String text = tail + new String(buffer, 0, count, StandardCharsets.ISO_8859_1);
                if (text.contains(plain) || text.contains(withFlavor)) {
                    return true;
                }
                tail = text.substring(Math.max(0, text.length() - plain.length()));
            }
        }
        return false;
    }

    /**
     * A version of PyTorch.
     *
     * @param pytorch for example 2.5.1
     * @param flavor for example cu124
     */
    public record Version(String pytorch, String flavor) {}

    /**
     * The size of all files.
     *
     * @return bytes
     * @throws IOException if the folder cannot be read
     */
    public long bytes() throws IOException {
        long sum = 0;
        try (Stream<Path> files = Files.list(path)) {
            for (Path file : files.toList()) {
                sum += Files.size(file);
            }
        }
        return sum;
    }

    private List<String> names() {
        if (!Files.isDirectory(path)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(path)) {
            return files.map(file -> file.getFileName().toString()).toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the folder " + path, e);
        }
    }

    private static boolean isFilled(Path file) {
        try {
            return Files.isRegularFile(file) && Files.size(file) > 0;
        } catch (IOException e) {
            return false;
        }
    }
}
