package ai.spattention.train.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kills a process that does nothing but write checkpoints, at moments that nobody chose: in any phase of writing. */
class KilledCheckpointTest {

    private static final int ROUNDS = 5;
    private static final int STEPS_OF_A_ROUND = 3;

    @TempDir
    private Path temporary;

    @Test
    void whatWasWrittenBeforeTheKillIsThere() throws Exception {
        Random random = new Random(5);
        long last = 0;
        try (CheckpointFolder folder = new CheckpointFolder(temporary.resolve("checkpoints"), 2)) {
            for (int round = 0; round < ROUNDS; round++) {
                Path log = temporary.resolve("log" + round);
                Process process = new ProcessBuilder(ProcessHandle.current().info().command().orElse("java"), "-Xmx256m", "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        KilledCheckpointTest.class.getName(), folder.path.toString(), Long.toString(last))
                        .redirectError(temporary.resolve("errors").toFile()).redirectOutput(log.toFile()).start();
                while (process.isAlive() && lines(log).size() < STEPS_OF_A_ROUND) {
                    process.waitFor(5, TimeUnit.MILLISECONDS);
                }
                process.waitFor(random.nextInt(20), TimeUnit.MILLISECONDS);
                process.destroyForcibly(); // SIGKILL
                assertEquals(137, process.waitFor(), Files.readString(temporary.resolve("errors")));
                List<String> written = lines(log);
                long announced = Long.parseLong(written.get(written.size() - 1));
                long newest = folder.newest().orElseThrow();
                assertTrue(newest == announced || newest == announced + 1, "announced " + announced + ", found " + newest);
                assertTrue(newest > last);
                last = newest;
            }
            folder.save(last + 1);
            assertEquals(2, folder.names().size(), "what the kills left is cleared away");
        }
    }

    /** Whole lines. */
    private static List<String> lines(Path log) throws IOException {
        String text = Files.readString(log);
        return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
    }

    /** The process: checkpoints without end. */
    public static void main(String[] arguments) throws IOException {
        try (CheckpointFolder folder = new CheckpointFolder(Path.of(arguments[0]), 2)) {
            for (long step = Long.parseLong(arguments[1]) + 1; ; step++) {
                folder.save(step);
                System.out.println(step);
            }
        }
    }
}
