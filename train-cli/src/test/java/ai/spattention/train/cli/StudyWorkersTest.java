package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.spattention.train.SmallData;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.study.config.PlannedRun;
import ai.spattention.train.study.config.StudyConfigReader;
import ai.spattention.train.study.config.StudyPlan;
import ai.spattention.train.study.result.RunResult;
import ai.spattention.train.study.run.RunExecutor;
import ai.spattention.train.study.run.Study;
import ai.spattention.train.study.run.StudyFolder;
import ai.spattention.train.study.run.TrainingExecutor;
import ai.spattention.train.study.run.WorkerExecutor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
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

    private final List<String> notes = Collections.synchronizedList(new ArrayList<>());
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
        alone = new LinkedHashMap<>();
        study(shared.resolve("alone"), "", here()).forEach((name, result) -> alone.put(name, numbers(result)));
        assertEquals(4, alone.size());
    }

    /** All but how fast it was. */
    private static List<Object> numbers(RunResult result) {
        return List.of(result.heldOut(), result.probes(), result.curve(), result.configurationDigest(), result.dataDigest());
    }

    private static TrainingExecutor here() throws IOException {
        return new TrainingExecutor(PreparedData.open(data), Device.cpu());
    }

    /** Does what is left of the study in a folder; the results. */
    private static Map<String, RunResult> study(Path output, String failures, RunExecutor... executors) throws IOException {
        try (StudyFolder own = StudyFolder.open(output, plan.study())) {
            Study study = new Study(plan, own, PreparedData.open(data).manifest().fingerprint(), System.err::println);
            Study.Outcome outcome = study.run(List.of(executors), new Study.Until(Optional.empty(), Optional.empty(), () -> false), () -> { });
            assertTrue(String.join("\n", outcome.failures()).matches(failures), outcome::toString);
            assertEquals(0, outcome.left());
            Map<String, RunResult> results = new LinkedHashMap<>();
            study.finished().forEach((PlannedRun run, RunResult result) -> results.put(run.name(), result));
            return results;
        }
    }

    private void assertGoesOn(Path output) throws IOException {
        Map<String, RunResult> results = study(output, "", here());
        assertEquals(alone.keySet(), results.keySet());
        results.forEach((name, result) -> assertEquals(alone.get(name), numbers(result), name));
        try (Stream<Path> all = Files.walk(output)) {
            assertFalse(all.anyMatch(file -> file.endsWith("checkpoints") || file.endsWith(".lock")), "finished runs keep none");
        }
    }

    private Path marks() throws IOException {
        return Files.createDirectories(folder.resolve("marks"));
    }

    @Test
    void aKilledWorkerCostsItsRunAlone() throws IOException {
        Files.createFile(marks().resolve("sp-1.kill"));
        Path output = folder.resolve("out");
        List<String> held = StudyParent.command(HeldWorker.class, data.toString(), marks().toString());
        List<String> own = StudyParent.command(Main.class, "study-worker", "--device", "cpu", "--shards", data.toString());
        try (WorkerExecutor first = new WorkerExecutor("first", held, Map.of(), notes::add);
                WorkerExecutor second = new WorkerExecutor("second", held, Map.of(), notes::add)) {
            Map<String, RunResult> results = study(output, "breadth sp seed 1 failed: the process of (first|second) was killed by signal 9", first,
                    second);
            assertEquals(3, results.size());
            results.forEach((name, result) -> assertEquals(alone.get(name), numbers(result), name));
        }
        assertTrue(notes.stream().anyMatch(note -> note.startsWith("[first] step 1 of " + STEPS)), notes::toString);
        assertTrue(Files.exists(output.resolve("runs/breadth/sp/seed-1/checkpoints")), "what it has is kept");
        try (WorkerExecutor only = new WorkerExecutor("only", own, Map.of(), notes::add)) {
            study(output, "", only);
        }
        assertTrue(notes.stream().anyMatch(note -> note.startsWith("[only] step 6 of " + STEPS)), notes::toString);
        assertGoesOn(output);
    }

    private void start(Path output) throws IOException {
        for (String run : List.of("causal-1", "sp-1")) {
            Files.createFile(marks().resolve(run + ".hold"));
        }
        List<String> command = StudyParent.command(StudyParent.class, config.toString(), output.toString(), data.toString(), marks().toString());
        parent = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(folder.resolve("log").toFile()).start();
    }

    private List<ProcessHandle> awaitHeld() throws Exception {
        List<ProcessHandle> held = new ArrayList<>();
        for (String run : List.of("causal-1", "sp-1")) {
            Path mark = marks().resolve(run + ".held");
            while (!Files.exists(mark)) {
                assertTrue(parent.isAlive(), this::log);
                parent.waitFor(10, TimeUnit.MILLISECONDS);
            }
            held.add(ProcessHandle.of(Long.parseLong(Files.readString(mark))).orElseThrow());
        }
        return held;
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
    void aStudyThatIsAskedToStopOrKilledLeavesWhatItHas() throws Exception {
        Path output = folder.resolve("out");
        start(output);
        awaitHeld();
        parent.destroy(); // SIGTERM
        assertEquals(143, parent.waitFor(), this::log);
        assertTrue(log().contains("4 runs are left: go on with the same command\n"), this::log);
        assertFalse(log().contains("failed"), this::log);
        for (String arm : List.of("causal", "sp")) {
            assertTrue(Files.exists(output.resolve("runs/breadth/" + arm + "/seed-1/checkpoints")), this::log);
        }
        start(output);
        List<ProcessHandle> workers = awaitHeld();
        parent.destroyForcibly(); // SIGKILL
        for (ProcessHandle worker : workers) {
            worker.onExit().get();
        }
        assertGoesOn(output);
    }
}
