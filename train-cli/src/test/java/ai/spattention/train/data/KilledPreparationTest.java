package ai.spattention.train.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.train.data.source.DocumentSeparator;
import ai.spattention.train.data.source.SourceFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kills a process that prepares, at moments that nobody chose, and lets the last one finish. */
class KilledPreparationTest {

    private static final int KILLS = 3;
    private static final int BLOCKS_BEFORE_A_KILL = 5;

    @TempDir
    private Path folder;

    @Test
    void shardsAreTheSameHoweverOftenTheProcessIsKilled() throws Exception {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 8_000; i++) {
            lines.append("{\"text\": \"document ").append(i).append(" word".repeat(i % 31)).append("\"}\n");
        }
        Path input = SourceFiles.write(folder.resolve("in.jsonl.gz"), lines.toString());
        Path whole = folder.resolve("whole");
        prepare(input, whole, StopAfter.never());

        Path killed = folder.resolve("killed");
        Random random = new Random(11);
        for (int kill = 0; kill < KILLS; kill++) {
            Process process = start(input, killed, BLOCKS_BEFORE_A_KILL);
            while (process.isAlive() && !Files.exists(killed.resolve(Preparation.WORK).resolve("state.json"))) {
                process.waitFor(10, TimeUnit.MILLISECONDS);
            }
            process.waitFor(100 + random.nextInt(300), TimeUnit.MILLISECONDS);
            process.destroyForcibly(); // SIGKILL
            assertEquals(137, process.waitFor(), () -> read(folder.resolve("log")));
        }
        assertFalse(Files.exists(killed.resolve(Manifest.FILE)));
        assertEquals(0, start(input, killed, Integer.MAX_VALUE).waitFor(), () -> read(folder.resolve("log")));
        assertFalse(Files.exists(killed.resolve(Preparation.WORK)));
        assertEquals(PreparedFiles.contents(whole), PreparedFiles.contents(killed));
    }

    private Process start(Path input, Path output, int blocks) throws IOException {
        return new ProcessBuilder(ProcessHandle.current().info().command().orElse("java"), "-Xmx256m", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                KilledPreparationTest.class.getName(), input.toString(), output.toString(), Integer.toString(blocks))
                .redirectErrorStream(true).redirectOutput(folder.resolve("log").toFile()).start();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static void prepare(Path input, Path output, PreparationListener listener) throws IOException {
        PreparationSettings settings = new PreparationSettings(List.of(input.toString()), Map.of(), "text", DocumentSeparator.NONE, 0.1, 5,
                100_000);
        try (ByteTokenizer bytes = new ByteTokenizer()) {
            new Preparation(settings, bytes, 2, 20_000, Duration.ZERO).run(output, listener);
        }
    }

    /** The process: prepares so many blocks, slowly, and then waits to be killed, so that it never ends first. */
    public static void main(String[] arguments) throws IOException {
        int blocks = Integer.parseInt(arguments[2]);
        prepare(Path.of(arguments[0]), Path.of(arguments[1]), new PreparationListener() {
            private int done;

            @Override
            public void begin(long bytesDone, long bytesTotal, long tokensDone) {
                System.out.println("begins after " + tokensDone + " tokens");
            }

            @Override
            public void progress(long bytesDone, long textBytes) {
                done++;
                try {
                    Thread.sleep(done < blocks ? 10 : Long.MAX_VALUE);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        });
    }
}
