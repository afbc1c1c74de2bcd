package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.FolderLock;
import ai.spattention.train.SmallData;
import ai.spattention.train.cli.session.StudySession;
import ai.spattention.train.cli.session.StudyWorkers;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.study.config.PlannedRun;
import ai.spattention.train.study.config.StudyConfigReader;
import ai.spattention.train.study.config.StudyPlan;
import ai.spattention.train.study.result.ResultFiles;
import ai.spattention.train.study.result.RunResult;
import ai.spattention.train.study.run.RunExecutor;
import ai.spattention.train.study.run.Study;
import ai.spattention.train.study.run.StudyFolder;
import ai.spattention.train.study.run.TrainingExecutor;
import ai.spattention.train.study.run.WorkerExecutor;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A study whose runs processes share, and what happens when one of them is ended: the numbers are those of one process, to the bit. */
@Timeout(300)
class StudyWorkersTest {

    private static final int STEPS = 12;

    @TempDir
    private static Path shared;

    private static Path data;
    private static Path config;
    private static StudyPlan plan;
    private static Map<String, List<Object>> alone;

    @TempDir
    private Path folder;

    private final List<String> notes = new CopyOnWriteArrayList<>();
    private Process parent;

    @BeforeAll
    static void doItInOneProcess() throws IOException {
        Assumptions.assumeTrue(Files.exists(Path.of("/bin/bash")), "processes are ended by signals");
        data = shared.resolve("data");
        SmallData.prepare(data);
        StringBuilder text = new StringBuilder("name: small\nbase: quickstart\nreference: causal\nmargin: 0.01\nseeds: [1, 2]\n");
        text.append("data: ").append(data).append("\nsettings:\n  checkpoint.every_steps: 5\n");
        SmallData.arguments(data).stream().filter(setting -> !setting.startsWith("data.path") && !setting.startsWith("training.steps"))
                .forEach(setting -> text.append("  ").append(setting.replace("=", ": ")).append('\n'));
        text.append("arms:\n  causal: {model.attention_pattern: causal}\n  sp: {model.attention_pattern: sp}\n");
        text.append("parts:\n  breadth: {steps: ").append(STEPS).append("}\nprobes: [position]\n");
        config = Files.writeString(shared.resolve("study.yaml"), text);
        plan = StudyPlan.of(ConfigSource.file(config), StudyConfigReader.read(ConfigSource.file(config)));
        assertEquals(new Study.Outcome(4, 0, List.of()), studyHere(shared.resolve("alone")));
        alone = numbers(shared.resolve("alone"));
        assertEquals(4, alone.size());
    }

    private static Study.Outcome study(Path output, Consumer<String> notes, BooleanSupplier stop, RunExecutor... executors) throws IOException {
        try (StudyFolder own = StudyFolder.open(output, plan.study())) {
            return new Study(plan, own, PreparedData.open(data).manifest().fingerprint(), notes)
                    .run(List.of(executors), new Study.Until(Optional.empty(), Optional.empty(), stop), () -> { });
        }
    }

    private static Study.Outcome studyHere(Path output) throws IOException {
        return study(output, System.err::println, () -> false, new TrainingExecutor(PreparedData.open(data), Device.cpu()));
    }

    /** What is finished in a folder: all but how fast it was. */
    private static Map<String, List<Object>> numbers(Path output) throws IOException {
        Map<String, List<Object>> numbers = new TreeMap<>();
        for (PlannedRun run : plan.runs()) {
            Path file = run.folder(output).resolve(RunResult.FILE_NAME);
            if (Files.exists(file)) {
                RunResult result = ResultFiles.readRun(file);
                numbers.put(run.name(), List.of(result.heldOut(), result.probes(), result.curve(), result.configurationDigest(),
                        result.dataDigest()));
            }
        }
        return numbers;
    }

    private static void assertWhole(Path output) throws IOException {
        assertEquals(alone, numbers(output));
        try (Stream<Path> all = Files.walk(output)) {
            assertFalse(all.anyMatch(file -> file.endsWith("checkpoints") || file.endsWith(".lock")), "finished runs keep none");
        }
    }

    private Path marks() throws IOException {
        return Files.createDirectories(folder.resolve("marks"));
    }

    /** One worker is killed in its run, and the study asked to stop in the middle of another one. */
    @Test
    void whateverEndsAWorkerTheNumbersAreThoseOfOneProcess() throws IOException {
        Files.createFile(marks().resolve("sp-1.kill"));
        Files.createFile(marks().resolve("sp-2.hold"));
        Path output = folder.resolve("out");
        List<String> held = StudyParent.command(HeldWorker.class, data.toString(), marks().toString());
        Path isHeld = marks().resolve("sp-2.held");
        try (WorkerExecutor first = new WorkerExecutor("first", held, Map.of(), notes::add);
                WorkerExecutor second = new WorkerExecutor("second", held, Map.of(), notes::add)) {
            AtomicBoolean stop = new AtomicBoolean(); // until then the run is held
            BooleanSupplier bothHappened = () -> Files.exists(isHeld) && notes.stream().anyMatch(note -> note.startsWith("warning: breadth sp seed 1"));
            Study.Outcome outcome = study(output, notes::add, () -> stop.get() || bothHappened.getAsBoolean() && stop.compareAndSet(false, true),
                    first, second);
            assertTrue(String.join("\n", outcome.failures())
                    .matches("breadth sp seed 1 failed: the process of (first|second) was killed by signal 9"), outcome::toString);
            assertEquals(3, outcome.done() + outcome.left(), outcome::toString);
            assertEquals(outcome.done(), numbers(output).size());
            numbers(output).forEach((name, numbers) -> assertEquals(alone.get(name), numbers, name));
        }
        assertTrue(notes.stream().anyMatch(note -> note.startsWith("[first] step 1 of " + STEPS)), notes::toString);
        for (String seed : List.of("1", "2")) {
            assertTrue(Files.exists(output.resolve("runs/breadth/sp/seed-" + seed + "/checkpoints")), "what it has is kept");
        }
        assertEquals(0, goOn(output), "the program's own workers go on with it");
        assertTrue(Files.size(output.resolve("study.html")) > 0);
        assertWhole(output);
    }

    /** As the command does with devices that differ. */
    private static int goOn(Path output) throws IOException {
        StudySession session = StudySession.prepare(ConfigSource.file(config), output, Optional.empty(), Optional.empty());
        try (StudyWorkers workers = StudyWorkers.on(List.of(Device.cpu(), Device.cpu()), StudyParent.command(Main.class), session.data())) {
            return session.run(workers, Optional.empty(), new PrintWriter(Writer.nullWriter()));
        }
    }

    @Test
    void aRunThatAProcessOfAKilledStudyStillWritesIsRefused() throws IOException {
        Path output = folder.resolve("out");
        Path run = output.resolve("runs/breadth/causal/seed-1").toAbsolutePath();
        try (StudyFolder own = StudyFolder.open(output, plan.study())) {
            own.begin(plan.runs().get(0));
        }
        try (FolderLock held = FolderLock.take(run.resolve(".lock"), run)) {
            String message = assertThrows(InvalidInputException.class, () -> studyHere(output)).getMessage();
            assertEquals("another process is writing to " + output.resolve("runs/breadth/causal/seed-1") + ": wait for it, or choose another place",
                    message);
        }
    }

    private void start(Path output, List<String> worker) throws IOException {
        List<String> command = StudyParent.command(StudyParent.class, config.toString(), output.toString());
        command.addAll(worker);
        parent = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(folder.resolve("log").toFile()).start();
    }

    private void await(BooleanSupplier there) throws InterruptedException {
        while (!there.getAsBoolean()) {
            assertTrue(parent.isAlive(), this::log);
            parent.waitFor(10, TimeUnit.MILLISECONDS);
        }
    }

    private String log() {
        try {
            return Files.readString(folder.resolve("log"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    @AfterEach
    void endAll() {
        if (parent != null) {
            parent.descendants().forEach(ProcessHandle::destroyForcibly);
            parent.destroyForcibly();
        }
    }

    @Test
    void aStudyThatIsAskedToStopAsksItsWorkersOnceAndThenKills() throws Exception {
        String script = "trap 'echo asked >&2' TERM; echo ready >&2; read order; while true; do sleep 1000 >/dev/null 2>&1 & wait; done";
        start(folder.resolve("out"), List.of("/bin/bash", "-c", script));
        await(() -> log().contains("[first] ready") && log().contains("[second] ready"));
        parent.destroy(); // SIGTERM
        await(() -> log().contains("[first] asked") && log().contains("[second] asked"));
        parent.destroy();
        assertEquals(143, parent.waitFor(), this::log);
        assertTrue(log().endsWith("4 runs are left: go on with the same command\n"), this::log);
        assertFalse(log().contains("failed"), this::log);
    }

    @Test
    void workersOfAKilledStudyLeaveWhatTheyHave() throws Exception {
        Path output = folder.resolve("out");
        for (String run : List.of("causal-1", "sp-1")) {
            Files.createFile(marks().resolve(run + ".hold"));
        }
        start(output, StudyParent.command(HeldWorker.class, data.toString(), marks().toString()));
        List<ProcessHandle> workers = new ArrayList<>();
        for (String run : List.of("causal-1", "sp-1")) {
            Path mark = marks().resolve(run + ".held");
            await(() -> Files.exists(mark));
            workers.add(ProcessHandle.of(Long.parseLong(Files.readString(mark))).orElseThrow());
        }
        parent.destroyForcibly(); // SIGKILL
        for (ProcessHandle worker : workers) {
            worker.onExit().get();
        }
        for (String arm : List.of("causal", "sp")) {
            try (Stream<Path> checkpoints = Files.list(output.resolve("runs/breadth/" + arm + "/seed-1/checkpoints"))) {
                assertTrue(checkpoints.anyMatch(step -> step.getFileName().toString().matches("step-0000000[67]")), "one for the end, besides step 5's");
            }
        }
        assertEquals(new Study.Outcome(4, 0, List.of()), studyHere(output));
        assertWhole(output);
    }
}
