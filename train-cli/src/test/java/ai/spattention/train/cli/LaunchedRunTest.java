package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.SmallData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The launcher with the program itself: a run of one process is a run like others. */
@Timeout(300)
class LaunchedRunTest {

    private static final int STEPS = 80;

    @TempDir
    private Path folder;

    private Process launcher;

    @BeforeEach
    void start() throws IOException {
        SmallData.prepare(folder.resolve("data"));
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx512m", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), Main.class.getName(), "launch",
                "--processes", "1", "--max-restarts", "1", "train", "--device", "cpu", "--config", "quickstart", "--output", run().toString()));
        SmallData.arguments(folder.resolve("data")).forEach(setting -> command.addAll(List.of("--set", setting)));
        command.addAll(List.of("--set", "training.steps=" + STEPS, "--set", "checkpoint.every_steps=10"));
        launcher = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log().toFile()).start();
    }

    @AfterEach
    void end() {
        launcher.descendants().forEach(ProcessHandle::destroyForcibly);
        launcher.destroyForcibly();
    }

    private Path run() {
        return folder.resolve("run");
    }

    private Path log() {
        return folder.resolve("log");
    }

    private void await(int step) throws Exception {
        Path metrics = run().resolve("metrics.jsonl");
        while (!Files.exists(metrics) || Files.readAllLines(metrics).size() < step) {
            assertTrue(launcher.isAlive(), Files.readString(log()));
            launcher.waitFor(5, TimeUnit.MILLISECONDS);
        }
    }

    @Test
    void aKilledProcessGoesOnFromItsCheckpoint() throws Exception {
        await(15);
        launcher.children().forEach(ProcessHandle::destroyForcibly);
        assertEquals(0, launcher.waitFor(), Files.readString(log()));
        String log = Files.readString(log());
        assertTrue(log.contains("spattn: rank 0 was killed by signal 9\n"), log);
        assertTrue(log.contains("spattn: restart 1 of 1: one process goes on from the newest checkpoint\n"), log);
        assertTrue(log.contains("resumed after step "), log);
        assertTrue(Files.exists(run().resolve("model/model.safetensors")), log);
    }

    @Test
    void aLauncherThatIsAskedToEndLeavesACheckpoint() throws Exception {
        await(5);
        launcher.destroy();
        int code = launcher.waitFor();
        String log = Files.readString(log());
        assertFalse(log.contains("the launcher is gone"), log);
        if (!log.contains("report:")) { // else it came to its end before the signal did
            assertEquals(143, code, log);
            assertTrue(log.contains("stopped as asked, after a checkpoint"), log);
        }
    }
}
