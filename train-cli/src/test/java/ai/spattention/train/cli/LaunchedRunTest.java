package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.SmallData;
import ai.spattention.train.distributed.Mpiexec;
import java.io.IOException;
import java.io.UncheckedIOException;
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

/** The launcher with the program itself: a run of one process is a run like others, and one of several learns whatever happens to one. */
@Timeout(300)
class LaunchedRunTest {

    private static final int STEPS = 80;

    @TempDir
    private Path folder;

    private Process launcher;

    @BeforeEach
    void prepare() throws IOException {
        SmallData.prepare(folder.resolve("data"));
    }

    private void start(int processes, Path run, String... settings) throws IOException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx512m", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), Main.class.getName(), "launch",
                "--processes", Integer.toString(processes), "--max-restarts", "1", "train", "--device", "cpu", "--config", "quickstart",
                "--output", run.toString()));
        List<String> all = new ArrayList<>(SmallData.arguments(folder.resolve("data")));
        all.addAll(List.of("training.steps=" + STEPS, "checkpoint.every_steps=10"));
        all.addAll(List.of(settings));
        all.forEach(setting -> command.addAll(List.of("--set", setting)));
        launcher = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log().toFile()).start();
    }

    @AfterEach
    void end() {
        if (launcher == null) {
            return; // a test that was skipped
        }
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
        start(1, run());
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
        start(1, run());
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

    @Test
    void twoProcessesLearnTheSameAlsoWhereOneIsKilled() throws Exception {
        Mpiexec.assumeMpich();
        String[] settings = {"training.micro_batch=2", "training.gradient_accumulation_steps=2", "checkpoint.asynchronous=true"};
        Path undisturbed = folder.resolve("undisturbed");
        start(2, undisturbed, settings);
        assertEquals(0, launcher.waitFor(), Files.readString(log()));
        start(2, run(), settings);
        await(15);
        launcher.children().filter(LaunchedRunTest::isSecond).forEach(ProcessHandle::destroyForcibly);
        assertEquals(0, launcher.waitFor(), Files.readString(log()));
        String log = Files.readString(log());
        assertTrue(log.contains("spattn: restart 1 of 1: 2 processes go on from the newest checkpoint\n"), log);
        assertEquals(-1, Files.mismatch(undisturbed.resolve("model/model.safetensors"), run().resolve("model/model.safetensors")), log);
        assertEquals(STEPS, Files.readAllLines(run().resolve("metrics.jsonl")).size());
    }

    private static boolean isSecond(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(process.pid()), "environ")).contains("\0RANK=1\0");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
