package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.SmallData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs in processes of their own, ended from outside: whoever goes on gets the numbers of a run that nobody disturbed. */
class KilledTrainingTest {

    private static final int STEPS = 150;

    @TempDir
    private static Path shared;

    private static Path whole;

    @TempDir
    private Path folder;

    @BeforeAll
    static void runUndisturbed() throws Exception {
        SmallData.prepare(shared.resolve("data"));
        whole = shared.resolve("whole");
        assertEquals(0, start(whole, shared.resolve("log"), begin()).waitFor(), () -> read(shared.resolve("log")));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aKilledRunGoesOnWithTheSameNumbers(boolean asynchronous) throws Exception {
        assertGoesOn(interrupt(25, Process::destroyForcibly, 137, "checkpoint.asynchronous=" + asynchronous)); // SIGKILL
    }

    @Test
    void aTerminatedRunWritesACheckpointAndLeaves() throws Exception {
        Path run = interrupt(25, Process::destroy, 143, "checkpoint.every_steps=10"); // SIGTERM
        assertTrue(read(folder.resolve("log")).contains("stopped as asked, after a checkpoint"), () -> read(folder.resolve("log")));
        assertTrue(Files.exists(run.resolve(String.format("checkpoints/step-%08d", steps(run)))));
        assertGoesOn(run);
    }

    private void assertGoesOn(Path run) throws Exception {
        Process second = start(run, folder.resolve("log"), List.of("--resume"));
        assertEquals(0, second.waitFor(), () -> read(folder.resolve("log")));
        assertTrue(read(folder.resolve("log")).contains("resumed after step "), () -> read(folder.resolve("log")));
        assertEquals(losses(whole), losses(run));
        assertEquals(-1, Files.mismatch(whole.resolve("model/model.safetensors"), run.resolve("model/model.safetensors")));
    }

    private static List<String> begin(String... settings) {
        List<String> arguments = new ArrayList<>(List.of("--config", "quickstart"));
        SmallData.arguments(shared.resolve("data")).forEach(setting -> arguments.addAll(List.of("--set", setting)));
        arguments.addAll(List.of("--set", "training.steps=" + STEPS, "--set", "checkpoint.every_steps=10"));
        List.of(settings).forEach(setting -> arguments.addAll(List.of("--set", setting)));
        return arguments;
    }

    /**
     * Begins a run and interrupts it once it has written so many steps. On a busy machine it may come to its end before the
     * signal does: then another run begins.
     *
     * @return the folder of the interrupted run
     */
    private Path interrupt(int step, Consumer<Process> signal, int exitCode, String setting) throws Exception {
        for (int attempt = 0; attempt < 20; attempt++) {
            Path run = folder.resolve("run" + attempt);
            Process process = start(run, folder.resolve("log"), begin(setting));
            while (process.isAlive() && steps(run) < step) {
                process.waitFor(5, TimeUnit.MILLISECONDS);
            }
            signal.accept(process);
            int code = process.waitFor();
            if (steps(run) < STEPS) {
                assertEquals(exitCode, code, () -> read(folder.resolve("log")));
                return run;
            }
        }
        throw new AssertionError("the run came to its end before every signal");
    }

    private static int steps(Path run) throws IOException {
        Path metrics = run.resolve("metrics.jsonl");
        return Files.exists(metrics) ? Files.readAllLines(metrics).size() : 0;
    }

    private static Process start(Path run, Path log, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElse("java"), "-Xmx512m", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), Main.class.getName(),
                "train", "--device", "cpu", "--output", run.toString()));
        command.addAll(arguments);
        return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    }

    private static List<String> losses(Path run) throws IOException {
        return Files.readAllLines(run.resolve("metrics.jsonl")).stream()
                .map(line -> line.replaceAll(".*(\"loss\":[^,]*),.*(\"gradient_norm\":[^,]*),.*", "$1 $2")).toList();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
