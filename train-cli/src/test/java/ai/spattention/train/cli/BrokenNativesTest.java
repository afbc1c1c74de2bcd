package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands in a process whose PYTORCH_LIBRARY_PATH names files that are no libraries. */
class BrokenNativesTest {

    @TempDir
    private Path natives;

    private String failed(String... files) throws Exception {
        for (String file : files) {
            Files.writeString(natives.resolve(file), "no library, but long enough for the loader to look at its first bytes ".repeat(9));
        }
        ProcessBuilder builder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Dai.djl.offline=true", "-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                Main.class.getName(), "bench", "attention", "--length", "8").redirectErrorStream(true);
        builder.environment().putAll(Map.of("PYTORCH_LIBRARY_PATH", natives.toString(), "PYTORCH_VERSION", "2.5.1",
                "PYTORCH_FLAVOR", "cu124", "DJL_CACHE_DIR", natives.resolve("cache").toString()));
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(1, process.waitFor(), output);
        List<String> lines = output.strip().lines().filter(line -> line.startsWith("spattn: ")).toList();
        assertEquals(1, lines.size(), output);
        assertTrue(output.lines().noneMatch(line -> line.startsWith("\tat ")), output);
        return lines.get(0);
    }

    @Test
    void becomeOneLine() throws Exception {
        String line = failed("libtorch.so", "libtorch_cpu.so", "libc10.so", "libdjl_torch.so");
        assertTrue(line.contains(" is damaged: ") && line.contains("spattn gpu-natives"), line);
    }
}
