package ai.spattention.train.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.config.DeviceRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Probes whose process ends badly. */
class ProbeRunnerTest {

    private static final List<String> NAMES = List.of("PyTorch", "device", "float32", "bfloat16");

    @TempDir
    private Path temporary;

    /** A process that answers every probe, except that one of them ends it. */
    private List<Check> run(String atCrash) throws IOException {
        String script = """
                shift
                for name in "$@"; do
                  echo "@begin $name"; echo "noise of a library"
                  case "$name" in %s esac
                  echo "@found {\\"name\\":\\"$name\\",\\"status\\":\\"ok\\",\\"detail\\":\\"$$\\",\\"remedy\\":\\"\\",\\"needed\\":true}"
                done
                """.formatted(atCrash);
        return new ProbeRunner(DeviceRequest.AUTO, List.of("sh", "-c", script, "probes")).run(NAMES);
    }

    private static List<Check.Status> statuses(List<Check> checks) {
        return checks.stream().map(Check::status).toList();
    }

    @Test
    void oneProcessAnswersEverything() throws IOException {
        List<Check> checks = run("nothing) ;;");
        assertEquals(NAMES, checks.stream().map(Check::name).toList());
        assertEquals(1, checks.stream().map(Check::detail).distinct().count());
    }

    @Test
    void aCrashIsAFindingAndTheRestGoesOn() throws IOException {
        List<Check> checks = run("float32) kill -SEGV $$ ;;");
        assertEquals(List.of(Check.Status.OK, Check.Status.OK, Check.Status.FAILED, Check.Status.OK), statuses(checks));
        assertTrue(checks.get(2).detail().contains("signal 11, last words: noise of a library"), checks.get(2).detail());
        assertEquals(NAMES, checks.stream().map(Check::name).toList());
    }

    @Test
    void anEarlyEndIsAFinding() throws IOException {
        List<Check> checks = run("bfloat16) exit 3 ;;");
        assertTrue(checks.get(3).detail().contains("exit code 3"), checks.get(3).detail());
    }

    @Test
    void withoutTheEngineNothingElseIsTried() throws IOException {
        List<Check> checks = run("PyTorch) kill -ABRT $$ ;; *) echo wrong > '" + temporary.resolve("tried") + "' ;;");
        assertEquals(List.of(Check.Status.FAILED, Check.Status.ABSENT, Check.Status.ABSENT, Check.Status.ABSENT), statuses(checks));
        assertEquals("not tried: PyTorch does not load", checks.get(3).detail());
        assertFalse(Files.exists(temporary.resolve("tried")));
    }

    /** Files that are no libraries, where PyTorch should be, in a real Java process. */
    @Test
    void brokenLibrariesBecomeALine() throws IOException {
        for (String file : List.of("libtorch.so", "libtorch_cpu.so", "libc10.so", "libtorch_cuda.so", "libc10_cuda.so", "libdjl_torch.so")) {
            Files.writeString(temporary.resolve(file), "no library, but long enough for the loader to look at its first bytes ".repeat(9));
        }
        List<String> java = List.of("env", "PYTORCH_LIBRARY_PATH=" + temporary, "PYTORCH_VERSION=2.5.1", "PYTORCH_FLAVOR=cu124",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Dai.djl.offline=true", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), ProbeProcess.class.getName());
        List<Check> checks = new ProbeRunner(DeviceRequest.AUTO, java).run(NAMES);
        assertEquals(Check.Status.FAILED, checks.get(0).status());
        assertTrue(checks.get(0).detail().matches("the library " + temporary + "/\\w+\\.so is damaged"), checks.get(0).detail());
        assertTrue(checks.get(0).remedy().contains("gpu-natives"), checks.get(0).remedy());
    }
}
