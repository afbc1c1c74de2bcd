package ai.spattention.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Whether compiled kernels belong to the sources beside this project. */
public final class KernelSources {

    private KernelSources() {}

    /**
     * Fails when the sources have changed since they were compiled.
     *
     * @param manifest what the build script wrote
     * @param script the build script's name
     */
    public static void assertCompiled(KernelLibrary.Manifest manifest, String script) throws IOException, NoSuchAlgorithmException {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        for (String source : manifest.sources()) {
            digest.update(Files.readAllBytes(Path.of("src/main/kernel", source)));
        }
        assertEquals(manifest.sourceSha256(), HexFormat.of().formatHex(digest.digest()),
                "the kernels' sources have changed: run src/main/kernel/" + script + " (its head says how)");
    }
}
