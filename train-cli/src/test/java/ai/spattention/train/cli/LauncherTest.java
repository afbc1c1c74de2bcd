package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The launcher in a home of its own, with a script in Java's place that tells how it was called. */
class LauncherTest {

    @TempDir
    private Path temporary;

    private Path home;

    private record Result(int code, String output) {}

    @BeforeEach
    void makeHome() throws IOException {
        home = Files.createDirectories(temporary.resolve("home"));
        Files.copy(Path.of("..", "spattn"), home.resolve("spattn"));
        for (String folder : List.of("config", "train-cli/src/main", "train-cli/target")) {
            Files.createDirectories(home.resolve(folder));
        }
        Files.writeString(home.resolve("pom.xml"), "<project/>");
        Files.writeString(home.resolve("train-cli/pom.xml"), "<project/>");
        Files.writeString(home.resolve("train-cli/target/.built"), "");
        Files.writeString(Files.createDirectories(home.resolve("train-cli/target/natives/cpu")).resolve("version.txt"), "2.7.1\ncpu\n");
        Path java = Files.createDirectories(home.resolve("jdk/bin")).resolve("java");
        Files.writeString(java, """
                #!/bin/sh
                echo "path=$PYTORCH_LIBRARY_PATH version=$PYTORCH_VERSION flavor=$PYTORCH_FLAVOR"
                printf '%s\\n' "$@"
                echo "HOME=$HOME"
                echo "charmap=$(locale charmap)"
                """);
        assertTrue(java.toFile().setExecutable(true));
    }

    private Result run(Map<String, String> environment, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("bash", home.resolve("spattn").toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("PYTORCH_") || name.startsWith("SPATTN_"));
        builder.environment().putAll(Map.of("JAVA_HOME", home.resolve("jdk").toString(), "DJL_CACHE_DIR", home.resolve("cache").toString()));
        builder.environment().putAll(environment);
        builder.environment().values().removeIf(String::isEmpty);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Result(process.waitFor(), output);
    }

    private Path natives(String folder) throws IOException {
        Path natives = Files.createDirectories(home.resolve(folder));
        Files.writeString(natives.resolve("libtorch_cuda.so"), "x");
        Files.writeString(natives.resolve("libcudart-8774224f.so.12"), "x");
        return natives;
    }

    private String cpuNatives() {
        return "path=" + home.resolve("train-cli/target/natives/cpu") + " version=2.7.1 flavor=cpu\n";
    }

    @Test
    void usesWhatGpuNativesMade() throws Exception {
        Path natives = natives(".natives/cu124");
        Files.writeString(natives.resolve("version.txt"), "2.5.1\ncu124\n");
        String output = run(Map.of(), "doctor", "--device", "gpu").output();
        assertTrue(output.startsWith("path=" + natives + " version=2.5.1 flavor=cu124\n"), output);
        assertTrue(output.contains("-Djna.library.path=" + home.resolve("train-cli/target/cuda")), output);
        assertEquals(natives.resolve("libcudart-8774224f.so.12").toRealPath(),
                home.resolve("train-cli/target/cuda/libcudart.so").toRealPath());
    }

    @Test
    void usesWhatDjlDownloaded() throws Exception {
        Path natives = natives("cache/pytorch/2.7.1-cu128-linux-x86_64");
        String output = run(Map.of(), "doctor", "--device=gpu:1").output();
        assertTrue(output.startsWith("path=" + natives + " version=2.7.1 flavor=cu128\n"), output);
    }

    @Test
    void passesOverWhatAKilledRunLeft() throws Exception {
        natives(".natives/.cu124.unpacking/libraries");
        String output = run(Map.of(), "doctor", "--device", "gpu").output();
        assertTrue(output.startsWith(cpuNatives()), output);
    }

    @Test
    void theProcessorNeedsNoneOfIt() throws Exception {
        Path natives = natives(".natives/cu124");
        for (String command : List.of("doctor", "bench")) {
            String output = run(Map.of("PYTORCH_LIBRARY_PATH", natives.toString(), "PYTORCH_VERSION", "2.5.1"), command, "--device", "cpu")
                    .output();
            assertTrue(output.startsWith(cpuNatives()), output);
        }
    }

    @Test
    void refusesAGpuThatIsNotThere() throws Exception {
        assumeFalse(Files.exists(Path.of("/dev/nvidiactl")) || Files.exists(Path.of("/dev/dxg")), "this machine has a GPU");
        for (String device : List.of("gpu", "gpu:1")) {
            Result result = run(Map.of(), "bench", "attention", "--device", device);
            assertEquals(2, result.code());
            assertEquals("spattn: --device " + device + " was asked for, but this machine has no NVIDIA GPU: use --device cpu",
                    result.output().strip());
        }
    }

    @Test
    void librariesLieReady() throws Exception {
        Path libraries = home.resolve("train-cli/target/natives");
        List<String> lines = run(Map.of("TMPDIR", "/some where"), "info").output().lines().toList();
        assertTrue(lines.containsAll(List.of("-DRUST_LIBRARY_PATH=" + libraries.resolve("libtokenizers.so"),
                "-DZstdNativePath=" + libraries.resolve("libzstd-jni.so"), "-Djna.boot.library.path=" + libraries,
                "-Dlibrary.jline.path=" + libraries, "-Djava.io.tmpdir=/some where")), lines.toString());
        assertTrue(lines.get(lines.indexOf("-cp") + 1).endsWith(":" + libraries.resolve("duckdb")), lines.toString());
    }

    @ParameterizedTest
    @CsvSource({"17.0.15, false", "21, false", "22.0.2, false", "23, true", "25.0.3, true", "100-ea, true"})
    void memoryAccessIsAllowedWhereJavaKnowsTheOption(String version, boolean known) throws Exception {
        Files.writeString(home.resolve("jdk/release"), "IMPLEMENTOR_VERSION=\"Any-99\"\nJAVA_VERSION=\"" + version
                + "\"\nJAVA_VERSION_DATE=\"2026-04-21\"\n");
        List<String> lines = run(Map.of(), "info").output().lines().toList();
        assertTrue(lines.contains("--enable-native-access=ALL-UNNAMED"), lines.toString());
        assertEquals(known, lines.contains("--sun-misc-unsafe-memory-access=allow"), lines.toString());
    }

    @ParameterizedTest
    @CsvSource({"17.0.15, false", "25, true"})
    void javaIsAskedForItsVersionWhereNoFileTells(String version, boolean known) throws Exception {
        Files.writeString(home.resolve("jdk/bin/java"), """
                #!/bin/sh
                if [ "$1" = -version ]; then echo 'openjdk version "%s" 2025-09-16' >&2; else printf '%%s\\n' "$@"; fi
                """.formatted(version));
        List<String> lines = run(Map.of(), "info").output().lines().toList();
        assertEquals(known, lines.contains("--sun-misc-unsafe-memory-access=allow"), lines.toString());
    }

    @Test
    void aHomeThatIsNotSetIsThatOfTheUser() throws Exception {
        List<String> lines = run(Map.of("HOME", "", "DJL_CACHE_DIR", ""), "doctor", "--device", "gpu").output().lines().toList();
        String user = System.getProperty("user.home");
        assertTrue(lines.contains("HOME=" + user) && lines.contains("-Duser.home=" + user), lines.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"C", "POSIX", "", "xx_YY.UTF-8"})
    void aLocaleWithoutUtf8ChangesNoText(String locale) throws Exception {
        List<String> lines = run(Map.of("LC_ALL", locale, "LANG", "", "LC_CTYPE", ""), "generate", "--prompt", "Zürich 東京 🙂").output()
                .lines().toList();
        assertTrue(lines.contains("Zürich 東京 🙂") && lines.contains("charmap=UTF-8"), lines.toString());
    }
}
