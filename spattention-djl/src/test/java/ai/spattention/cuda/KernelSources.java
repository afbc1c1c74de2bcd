package ai.spattention.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Whether compiled kernels belong to the sources beside this project, and their manifest to them. */
public final class KernelSources {

    /** What every GPU from compute capability 8.0 on has for a program. */
    private static final int SMALLEST_SHARED_BYTES = 99 * 1024;

    private static final Pattern PARAMETER =
            Pattern.compile("\\.param (?:\\.align \\d+ )?\\.([bsuf])(\\d+)(?: \\.ptr[^\\n]*?)? \\w+(?:\\[(\\d+)])?");

    private KernelSources() {}

    /**
     * Fails when the sources have changed since they were compiled.
     *
     * @param manifest what the build script wrote
     */
    public static void assertCompiled(KernelLibrary.Manifest manifest) throws IOException, NoSuchAlgorithmException {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        for (String source : manifest.sources()) {
            digest.update(Files.readAllBytes(Path.of("src/main/kernel", source)));
        }
        assertEquals(manifest.sourceSha256(), HexFormat.of().formatHex(digest.digest()),
                "the kernels' sources have changed: run src/main/kernel/build.py (its head says how)");
    }

    /**
     * The architecture that a variant was compiled for.
     *
     * @param variant the variant
     * @return the end of its name
     */
    public static String architecture(KernelLibrary.Variant variant) {
        return variant.name().substring(variant.name().lastIndexOf('-') + 1);
    }

    /**
     * Fails when a kernel's code is not what the manifest says of it, or needs more than the chips that it is for have.
     *
     * @param library the kernels
     */
    public static void assertCodeIsAsTheManifestSays(KernelLibrary library) {
        KernelLibrary.Manifest manifest = library.manifest();
        assertFalse(manifest.kernels().isEmpty());
        for (KernelLibrary.Variant variant : manifest.kernels()) {
            String ptx = library.ptx(variant);
            String architecture = architecture(variant);
            assertTrue(ptx.contains(".version " + manifest.ptxVersion(architecture)), variant.name());
            assertTrue(ptx.contains(".target " + architecture), variant.name());
            String head = ptx.substring(ptx.indexOf(".visible .entry " + variant.entry() + "("));
            Matcher found = PARAMETER.matcher(head.substring(0, head.indexOf(')')));
            for (String declared : variant.parameters()) {
                assertTrue(found.find(), () -> variant.name() + " has no parameter for " + declared);
                int bytes = Integer.parseInt(found.group(2)) / 8 * (found.group(3) == null ? 1 : Integer.parseInt(found.group(3)));
                int expected = switch (declared.substring(declared.indexOf(':') + 1)) {
                    case "map" -> 128;
                    case "pointer", "i64" -> 8;
                    default -> 4;
                };
                assertEquals(expected, bytes, variant.name() + " " + declared);
            }
            assertFalse(found.find(), variant.name() + " has more parameters than the manifest");
            assertTrue(ptx.contains(".reqntid " + variant.threads()), variant.name() + " runs with another number of threads");
            assertTrue(!architecture.equals("sm_80") || variant.sharedBytes() <= SMALLEST_SHARED_BYTES,
                    variant.name() + " needs more shared memory than small chips have");
        }
    }
}
