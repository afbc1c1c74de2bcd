package ai.spattention.train.machine;

import ai.djl.util.Utils;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;

/** What this program is made of. */
public final class Versions {

    private Versions() {}

    /**
     * Versions by name: spattention, commit (where known), djl, pytorch, java, os.
     *
     * @return the versions, in that order
     */
    public static Map<String, String> all() {
        Properties build = new Properties();
        try (InputStream in = Versions.class.getResourceAsStream("build.properties")) {
            build.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the build's own properties", e);
        }
        Map<String, String> versions = new LinkedHashMap<>();
        versions.put("spattention", build.getProperty("version"));
        commit(versions);
        versions.put("djl", build.getProperty("djl"));
        versions.put("pytorch", Utils.getEnvOrSystemProperty("PYTORCH_VERSION", build.getProperty("pytorch")));
        versions.put("java", System.getProperty("java.version"));
        versions.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        return versions;
    }

    /**
     * What processes that compute together must have alike: the program with its commit (where known), and PyTorch, whose sums differ from one
     * version to the next.
     *
     * @return for example {@code 0.2.0 (commit 392dcf2c, PyTorch 2.7.1)}
     */
    public static String alike() {
        Map<String, String> all = all();
        String commit = all.containsKey("commit") ? "commit " + all.get("commit") + ", " : "";
        return all.get("spattention") + " (" + commit + "PyTorch " + all.get("pytorch") + ")";
    }

    /** The launcher notes the commit when it builds. */
    private static void commit(Map<String, String> versions) {
        Installation.find().map(installation -> installation.program().resolve("commit.txt")).ifPresent(file -> {
            try {
                versions.put("commit", Files.readString(file).strip());
            } catch (IOException e) {
                versions.remove("commit"); // built without git: there is none to tell
            }
        });
    }
}
