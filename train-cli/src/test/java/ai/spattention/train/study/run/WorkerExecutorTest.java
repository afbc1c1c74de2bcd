package ai.spattention.train.study.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.config.RunConfigLoader;
import ai.spattention.train.loop.TrainingFailedException;
import ai.spattention.train.study.config.PlannedRun;
import ai.spattention.train.study.result.RunResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a worker may say and how it may end, each by a small script. */
@Timeout(300)
class WorkerExecutorTest {

    @TempDir
    private Path folder;

    private final List<String> notes = new CopyOnWriteArrayList<>();
    private final PlannedRun run =
            new PlannedRun("breadth", "sp", 1, RunConfigLoader.load(ConfigSource.of("quickstart"), List.of("data.path=data")), "digest");
    private WorkerExecutor executor;

    @BeforeEach
    void requireBash() {
        Assumptions.assumeTrue(Files.exists(Path.of("/bin/bash")), "the workers are scripts for bash");
    }

    @AfterEach
    void end() {
        executor.kill();
    }

    private void worker(String script) {
        executor = new WorkerExecutor("gpu:1", List.of("/bin/bash", "-c", script), Map.of("ANSWER", "{\"kind\":\"%s\",\"text\":\"%s\"}\\n"), notes::add);
    }

    private Optional<RunResult> run() throws IOException {
        return executor.run(run, folder, () -> false);
    }

    @Test
    void ordersAndAnswersAreLines() throws IOException {
        worker("while read -r line; do echo \"$line\" >&2; echo of a library; printf \"$ANSWER\" FAILED 'the loss is not finite'; done");
        for (int i = 0; i < 2; i++) {
            assertEquals("the loss is not finite", assertThrows(TrainingFailedException.class, this::run).getMessage());
        }
        executor.close();
        String order = "{\"part\":\"breadth\",\"arm\":\"sp\",\"seed\":1,\"digest\":\"digest\",\"folder\":\"" + folder.toAbsolutePath() + "\"}";
        assertEquals(List.of("[gpu:1] breadth sp seed 1", "[gpu:1] breadth sp seed 1", "[gpu:1] of a library", "[gpu:1] of a library",
                "[gpu:1] " + order, "[gpu:1] " + order), notes.stream().sorted().toList());
        assertEquals(folder.toAbsolutePath(), RunOrder.read(order).path());
    }

    @Test
    void whatEndsAStudyKeepsItsKind() {
        worker("read line; printf \"$ANSWER\" REFUSED 'another process is writing'; read line; printf \"$ANSWER\" BROKEN 'no disk'; read line");
        assertEquals("another process is writing", assertThrows(InvalidInputException.class, this::run).getMessage());
        assertEquals("no disk", assertThrows(IOException.class, this::run).getMessage());
        for (Exception failure : List.of(new InvalidInputException("a"), new IOException("b"), new IllegalStateException("c"))) {
            assertEquals(failure.getMessage(), RunAnswer.read(RunAnswer.of(failure).line()).orElseThrow().text());
        }
        assertEquals("java.lang.NullPointerException", RunAnswer.of(new NullPointerException()).text());
    }

    @Test
    void aDeadProcessIsReplacedOnce() {
        worker("read line; kill -9 $$");
        assertEquals("the process of gpu:1 was killed by signal 9", assertThrows(TrainingFailedException.class, this::run).getMessage());
        assertEquals("the process of gpu:1 was killed by signal 9, as the one before it: gpu:1 gets no further run",
                assertThrows(WorkerLostException.class, this::run).getMessage());
    }

    @Test
    void deathsCountOnlyInARow() {
        Path mark = folder.resolve("mark");
        worker("read line; if [ -e " + mark + " ]; then printf \"$ANSWER\" FAILED no; read line; fi; touch " + mark + "; exit 3");
        for (int i = 0; i < 2; i++) {
            assertEquals("the process of gpu:1 ended with exit code 3", assertThrows(TrainingFailedException.class, this::run).getMessage());
            assertEquals("no", assertThrows(TrainingFailedException.class, this::run).getMessage());
        }
    }

    @Test
    void aStopIsHandedOnAndAnsweredOrNot() throws IOException {
        worker("trap 'printf \"$ANSWER\" STOPPED; kill $!; exit 143' TERM; read line; sleep 1000 & wait");
        assertEquals(Optional.empty(), executor.run(run, folder, () -> true));
        worker("read line; exec sleep 1000");
        assertEquals(Optional.empty(), executor.run(run, folder, () -> true));
        assertEquals(List.of("[gpu:1] breadth sp seed 1", "[gpu:1] breadth sp seed 1"), notes);
        worker("read line; printf \"$ANSWER\" STOPPED; exit 143");
        assertEquals(Optional.empty(), run());
        assertEquals("warning: somebody else asked the process of gpu:1 to end: gpu:1 gets no further run", notes.get(notes.size() - 1));
    }

    @Test
    void whoDoesNotEndWhenAskedIsKilled() throws Exception {
        worker("trap 'echo asked >&2' TERM; read line; while true; do sleep 1000 & wait; done");
        AtomicBoolean stop = new AtomicBoolean();
        CompletableFuture<Object> result = CompletableFuture.supplyAsync(() -> {
            try {
                return executor.run(run, folder, stop::get);
            } catch (IOException e) {
                return e;
            }
        });
        stop.set(true);
        while (!notes.contains("[gpu:1] asked")) {
            Thread.onSpinWait();
        }
        executor.kill();
        assertEquals(Optional.empty(), result.get());
    }

    @Test
    void aCommandThatIsNotThereEndsTheStudy() {
        executor = new WorkerExecutor("gpu:1", List.of(folder.resolve("none").toString()), Map.of(), notes::add);
        assertTrue(assertThrows(IOException.class, this::run).getMessage().contains("none"));
    }
}
