package ai.spattention.train.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InstallationTest {

    @TempDir
    private Path folder;

    private Path cpuNatives() throws IOException {
        Path cpu = Files.createDirectories(folder.resolve("natives/cpu"));
        Files.writeString(cpu.resolve("version.txt"), "2.7.1\ncpu\n");
        return cpu;
    }

    @Test
    void aCheckoutsProgramIsWhatItsBuildMade() {
        Path target = folder.resolve("train-cli/target");
        assertEquals(Optional.of(new Installation(folder, target)), Installation.find(folder.toString(), target.resolve("classes")));
    }

    @Test
    void aDistributionsProgramLiesBesideItsLauncher() throws IOException {
        Path jar = Files.writeString(folder.resolve("spattention.jar"), "");
        assertEquals(Optional.of(new Installation(folder, folder)), Installation.find(folder.toString(), jar));
    }

    @Test
    void aJarStartedByItselfIsInstalledWhereItsLibrariesLie() throws IOException {
        Path jar = Files.writeString(folder.resolve("train-cli-0.2.0.jar"), "");
        assertEquals(Optional.empty(), Installation.find(null, jar));
        cpuNatives();
        assertEquals(Optional.of(new Installation(folder, folder)), Installation.find(null, jar));
        assertEquals(Optional.empty(), Installation.find(null, Files.createDirectory(folder.resolve("classes"))));
    }

    @ParameterizedTest
    @CsvSource({"lib%s.so, libtokenizers.so, libzstd-jni.so", "lib%s.dylib, libtokenizers.dylib, libzstd-jni.dylib",
        "%s.dll, tokenizers.dll, libzstd-jni.dll"})
    void librariesAreNamedAsTheSystemDoes(String fileName, String tokenizers, String zstd) throws IOException {
        Path cpu = cpuNatives();
        Path natives = folder.resolve("natives");
        assertEquals(Map.of("ai.djl.offline", "true", "RUST_LIBRARY_PATH", natives.resolve(tokenizers).toString(),
                "jna.boot.library.path", natives.toString(), "jna.nounpack", "true", "library.jline.path", natives.toString(),
                "ZstdNativePath", natives.resolve(zstd).toString(),
                "PYTORCH_LIBRARY_PATH", cpu.toString(), "PYTORCH_VERSION", "2.7.1", "PYTORCH_FLAVOR", "cpu"),
                new Installation(folder, folder).libraries(fileName::formatted));
    }

    @Test
    void nothingIsNamedBeforeTheBuildIsWhole() throws IOException {
        assertEquals(Map.of(), new Installation(folder, folder).libraries(System::mapLibraryName));
        Files.createDirectories(folder.resolve("natives"));
        assertEquals(6, new Installation(folder, folder).libraries(System::mapLibraryName).size(), "PyTorch's need a version");
    }
}
