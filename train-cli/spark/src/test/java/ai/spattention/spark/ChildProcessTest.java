package ai.spattention.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChildProcessTest {

    @TempDir
    private Path folder;

    private ChildProcess start(String... lines) throws IOException {
        Path script = Submission.script(folder.resolve("script"), lines);
        return ChildProcess.start("child", List.of(script.toString()), Map.of("GREETING", "hello"));
    }

    @Test
    void itsLastLineAndExitCodeAreKept() throws IOException {
        try (ChildProcess child = start("echo $GREETING", "echo 'spattn: no' >&2", "echo", "exit 7")) {
            assertEquals(new ChildProcess.Ending(7, "spattn: no"), child.await(() -> false));
        }
    }

    /** What a child has started ends, too, also where the child ignores the signal's kind request. */
    @Test
    void itEndsWithItsTask() throws Exception {
        Path pids = folder.resolve("pids");
        try (ChildProcess child = start("sleep 600 &", "echo $! > " + pids + ".tmp", "echo $$ >> " + pids + ".tmp", "mv " + pids + ".tmp " + pids,
                "wait")) {
            assertThrows(ChildProcess.StoppedException.class, () -> child.await(() -> Files.exists(pids)));
        }
        for (String pid : Files.readAllLines(pids)) {
            ProcessHandle handle = ProcessHandle.of(Long.parseLong(pid)).orElse(null);
            if (handle != null) {
                handle.onExit().get(60, TimeUnit.SECONDS);
                assertFalse(handle.isAlive());
            }
        }
    }

    @Test
    void aSpattnEndsWithTheProcessThatStartedIt() throws Exception {
        ProcessBuilder builder = new ProcessBuilder(new SpattnCommand(Submission.spattn()).with(List.of("generate", "--help")));
        builder.environment().put(ChildProcess.ENDS_WITH_ITS_INPUT.getKey(), ChildProcess.ENDS_WITH_ITS_INPUT.getValue());
        builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
        Process orphan = builder.redirectInput(new File("/dev/null")).start(); // as of a process that is gone
        assertEquals(1, orphan.waitFor());
        Process child = builder.redirectInput(ProcessBuilder.Redirect.PIPE).start();
        assertEquals(0, child.waitFor());
    }

    @Test
    void aPlaceWithoutSpattnIsNamed() {
        String message = assertThrows(RefusedException.class, () -> new SpattnCommand("/no/such").with(List.of())).getMessage();
        assertEquals("--spattn /no/such is not there on this machine: name the folder of the distribution, which has to lie in the same place on"
                + " every worker", message);
    }
}
