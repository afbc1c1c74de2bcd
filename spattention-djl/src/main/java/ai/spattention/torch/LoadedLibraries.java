package ai.spattention.torch;

import com.sun.jna.NativeLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The native libraries that this process has loaded, by DJL or otherwise. */
public final class LoadedLibraries {

    private static final Path LOADED_FILES = Path.of("/proc/self/maps");

    private LoadedLibraries() {}

    /**
     * Finds a library. To load its file again gives the very same one.
     *
     * @param name the file's name, for example {@code libtorch_cpu.so}; a file whose name goes on with a version is the same
     * @return the library; empty if it is not loaded, or the system does not tell (only Linux does)
     */
    public static Optional<NativeLibrary> find(String name) {
        String stem = name.substring(0, name.indexOf(".so"));
        Pattern file = Pattern.compile(".*/" + Pattern.quote(stem) + "(-[0-9a-f]{8})?" + Pattern.quote(name.substring(stem.length()))
                + "(\\.\\d+)*"); // some builds put a part of the content's digest into the name
        try (Stream<String> lines = Files.lines(LOADED_FILES)) {
            return lines.filter(line -> file.matcher(line).matches()).map(line -> line.substring(line.indexOf('/'))).findFirst()
                    .map(NativeLibrary::getInstance);
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
