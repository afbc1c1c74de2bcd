package ai.spattention.eval;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** Golden files that lie beside the repository, in a folder {@code shared}; tests skip where it is absent. */
public final class SharedFiles {

    private SharedFiles() {}

    /** A file or folder; skips the test if it is not there. */
    public static Path find(String name) {
        Path file = Path.of(System.getProperty("spattention.shared", "../../shared")).resolve(name);
        Assumptions.assumeTrue(Files.exists(file), file + " is absent");
        return file;
    }
}
