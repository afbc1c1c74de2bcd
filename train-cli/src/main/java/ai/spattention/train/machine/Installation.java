package ai.spattention.train.machine;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Where this program lies: in a checkout, which the launcher has built, or unpacked from a distribution.
 *
 * @param home the launcher's folder, in which libraries for a GPU are kept
 * @param program what the build made: jars, the native libraries in {@code natives} and the quickstart's text in {@code corpus}
 */
public record Installation(Path home, Path program) {

    /** The launchers' word for their folder. */
    public static final String HOME = "spattention.home";

    private static final String DISTRIBUTED_JAR = "spattention.jar";

    /**
     * Finds it by what the launcher says, or else by the jar that this class was loaded from.
     *
     * @return the installation; empty where classes were started in another way, as in tests
     */
    public static Optional<Installation> find() {
        try {
            return find(System.getProperty(HOME), Path.of(Installation.class.getProtectionDomain().getCodeSource().getLocation().toURI()));
        } catch (URISyntaxException e) {
            throw new IllegalStateException("the program's own place is no path", e);
        }
    }

    /** By the launcher's word, or null if there is none, and the file or folder of the classes. */
    static Optional<Installation> find(String launched, Path classes) {
        if (launched != null) {
            Path home = Path.of(launched);
            boolean distributed = Files.isRegularFile(home.resolve(DISTRIBUTED_JAR));
            return Optional.of(new Installation(home, distributed ? home : home.resolve("train-cli").resolve("target")));
        }
        Path folder = classes.getParent();
        boolean complete = Files.isRegularFile(classes) && Files.isDirectory(folder.resolve("natives"));
        return complete ? Optional.of(new Installation(folder, folder)) : Optional.empty();
    }

    /**
     * The quickstart's text.
     *
     * @return a folder of jars
     */
    public Path corpus() {
        return program.resolve("corpus");
    }

    /**
     * Has libraries load from where they lie ready, by system properties: nothing is unpacked into the temporary folder or the home,
     * and nothing stays there after a kill. What is set already stays, and so does PyTorch where the environment names another.
     */
    public void useLibraries() {
        boolean pytorchNamed = System.getenv("PYTORCH_LIBRARY_PATH") != null;
        libraries(System::mapLibraryName).forEach((name, value) -> {
            if (System.getProperty(name) == null && !(pytorchNamed && name.startsWith("PYTORCH_"))) {
                System.setProperty(name, value);
            }
        });
    }

    /** The properties, as far as there are libraries for them; the system makes a file's name of a library's. */
    Map<String, String> libraries(UnaryOperator<String> fileName) {
        Path natives = program.resolve("natives");
        Map<String, String> properties = new LinkedHashMap<>();
        if (!Files.isDirectory(natives)) {
            return properties;
        }
        properties.put("ai.djl.offline", "true");
        properties.put("RUST_LIBRARY_PATH", natives.resolve(fileName.apply("tokenizers")).toString());
        properties.put("ZstdNativePath", natives.resolve(fileName.apply("zstd-jni").replaceFirst("^(lib)?", "lib")).toString()); // on Windows, too
        properties.put("jna.boot.library.path", natives.toString());
        properties.put("jna.nounpack", "true"); // else it makes a folder in the home
        properties.put("library.jline.path", natives.toString());
        NativesFolder cpu = new NativesFolder(natives.resolve("cpu"));
        cpu.version().ifPresent(version -> {
            properties.put("PYTORCH_LIBRARY_PATH", cpu.path().toString());
            properties.put("PYTORCH_VERSION", version.pytorch());
            properties.put("PYTORCH_FLAVOR", version.flavor());
        });
        return properties;
    }
}
