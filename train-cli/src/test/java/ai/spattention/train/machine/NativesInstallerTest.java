package ai.spattention.train.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Installing a kit of a few bytes from jars made here. */
class NativesInstallerTest {

    @TempDir
    private Path temporary;

    private static Path jar(String artifact, Path folder) throws IOException {
        return artifact.contains("pytorch-jni") ? KitJars.jni(folder) : KitJars.libraries(folder);
    }

    private NativesFolder install(ArtifactSource source, Path target) throws IOException {
        return new NativesInstaller(source, 1, line -> { }).install(GpuKit.CU124, target);
    }

    /** What is beside the target, except the lock. */
    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).filter(name -> !name.endsWith(".lock")).sorted().toList();
        }
    }

    @Test
    void unpacksBothArtifactsIntoOneFolder() throws IOException {
        Path target = temporary.resolve("deep/down/cu124");
        NativesFolder folder = install(NativesInstallerTest::jar, target);
        assertEquals(List.of("libc10.so", "libc10_cuda.so", "libdjl_torch.so", "libtorch.so", "libtorch_cpu.so", "libtorch_cuda.so",
                "version.txt"), names(target));
        assertEquals("2.5.1\ncu124\n", Files.readString(target.resolve("version.txt")));
        assertEquals("jni cu124", Files.readString(target.resolve("libdjl_torch.so")), "not the one for the CPU");
        assertTrue(folder.isCuda() && folder.missing().isEmpty());
        assertEquals(List.of("cu124"), names(target.getParent()), "nothing else is left");
    }

    @Test
    void leavesAWholeFolderAlone() throws IOException {
        Path target = temporary.resolve("cu124");
        install(NativesInstallerTest::jar, target);
        install((artifact, folder) -> {
            throw new AssertionError("nothing to fetch");
        }, target);
    }

    @Test
    void aFailureLeavesNothingHalfMade() throws IOException {
        Path target = temporary.resolve("cu124");
        IOException failure = assertThrows(IOException.class, () -> install((artifact, folder) -> {
            if (artifact.contains("native")) {
                throw new IOException("the network is gone");
            }
            return jar(artifact, folder);
        }, target));
        assertEquals("the network is gone", failure.getMessage());
        assertEquals(List.of(), names(temporary));
    }

    @Test
    void clearsAwayWhatAKilledRunLeft() throws IOException {
        Path target = temporary.resolve("cu124");
        Path left = Files.createDirectories(temporary.resolve(".cu124.unpacking/libraries"));
        Files.writeString(left.resolve("libhalf.so"), "half");
        install(NativesInstallerTest::jar, target);
        assertFalse(Files.exists(target.resolve("libhalf.so")));
        assertEquals(List.of("cu124"), names(temporary));
    }

    @Test
    void refusesAFullDiskBeforeFetching() {
        InvalidInputException refusal = assertThrows(InvalidInputException.class, () -> new NativesInstaller((artifact, folder) -> {
            throw new AssertionError("fetched");
        }, Long.MAX_VALUE, line -> { }).install(GpuKit.CU124, temporary.resolve("cu124")));
        assertTrue(refusal.getMessage().contains("GB free") && refusal.getMessage().contains("--output"), refusal.getMessage());
    }

    @Test
    void refusesAFolderWithSomethingElse() throws IOException {
        Path mine = temporary.resolve("mine");
        Files.createDirectories(mine);
        Files.writeString(mine.resolve("thesis.tex"), "x");
        assertThrows(InvalidInputException.class, () -> install(NativesInstallerTest::jar, mine));
        assertThrows(InvalidInputException.class, () -> install(NativesInstallerTest::jar, mine.resolve("thesis.tex")));
        assertEquals(List.of("thesis.tex"), names(mine));
    }

    @Test
    void refusesDamagedJars() throws IOException {
        for (String content : List.of("", "this is no zip")) {
            IOException failure = assertThrows(IOException.class, () -> install((artifact, folder) ->
                    Files.writeString(folder.resolve("x.jar"), content), temporary.resolve("cu124")));
            assertTrue(failure.getMessage().contains("x.jar is damaged"), failure.getMessage());
        }
    }

    @Test
    void refusesArtifactsThatLackLibraries() {
        IOException other = assertThrows(IOException.class, () -> install((artifact, folder) -> KitJars.jni(folder),
                temporary.resolve("cu124")));
        assertTrue(other.getMessage().contains("holds nothing in pytorch/cu124"), other.getMessage());
        IOException few = assertThrows(IOException.class, () -> install((artifact, folder) -> artifact.contains("jni")
                ? KitJars.jni(folder) : KitJars.jar(folder.resolve("few.jar"), "pytorch/cu124/linux-x86_64/libtorch_cuda.so", "x"),
                temporary.resolve("cu124")));
        assertTrue(few.getMessage().contains("lack libtorch.so, libtorch_cpu.so, libc10.so, libc10_cuda.so"), few.getMessage());
        assertFalse(Files.exists(temporary.resolve("cu124")));
    }

    @Test
    void nothingLeavesTheFolder() throws IOException {
        install((artifact, folder) -> artifact.contains("jni")
                ? KitJars.jar(folder.resolve("evil.jar"), "jnilib/linux-x86_64/cu124/libdjl_torch.so", "x",
                        "jnilib/linux-x86_64/cu124/../../../../evil.so", "x", "jnilib/linux-x86_64/cu124/..", "x")
                : jar(artifact, folder), temporary.resolve("in/cu124"));
        assertEquals(List.of("in"), names(temporary));
        assertEquals(7, names(temporary.resolve("in/cu124")).size());
    }
}
