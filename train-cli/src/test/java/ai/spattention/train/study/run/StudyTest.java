package ai.spattention.train.study.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.spattention.InvalidInputException;
import ai.spattention.eval.measure.Moments;
import ai.spattention.eval.measure.WindowMeans;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.study.config.PlannedRun;
import ai.spattention.train.study.config.StudyConfig;
import ai.spattention.train.study.config.StudyConfigReader;
import ai.spattention.train.study.config.StudyPlan;
import ai.spattention.train.study.result.HeldOutLoss;
import ai.spattention.train.study.result.RunResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StudyTest {

    private static final String TEXT = """
            name: small
            base: quickstart
            data: data
            settings: {schedule.warmup_steps: 1}
            reference: causal
            margin: 0.01
            seeds: [1, 2]
            arms:
              causal: {model.attention_pattern: causal}
              sp: {model.attention_pattern: sp}
            parts:
              breadth: {steps: 3}
              depth: {steps: 6, seeds: [1]}
            """;
    private static final Device CPU = Device.cpu();

    @TempDir
    private Path folder;

    private Path output;
    private StudyConfig config;
    private StudyPlan plan;
    private final List<String> notes = Collections.synchronizedList(new ArrayList<>());

    @BeforeEach
    void readTheStudy() throws IOException {
        output = folder.resolve("out");
        use(TEXT);
    }

    private void use(String text) throws IOException {
        ConfigSource source = ConfigSource.file(Files.writeString(folder.resolve("study.yaml"), text));
        config = StudyConfigReader.read(source);
        plan = StudyPlan.of(source, config);
    }

    /** Gives made-up results at once, and remembers what it was asked for. */
    private static class Invented implements RunExecutor {

        private final List<String> asked = Collections.synchronizedList(new ArrayList<>());
        private final Set<Device> devices = Collections.synchronizedSet(new HashSet<>());

        @Override
        public Optional<RunResult> run(PlannedRun run, Path own, Device device, BooleanSupplier stop) throws IOException {
            asked.add(run.name());
            devices.add(device);
            return Optional.of(result(run, "d"));
        }

        @Override
        public Pace time(PlannedRun run, Path scratch, Device device, int steps) {
            return new Pace(1, 2);
        }
    }

    private static RunResult result(PlannedRun run, String dataDigest) {
        Moments nats = Moments.of(2.0, 3.0);
        return new RunResult(RunResult.VERSION, run.part(), run.arm(), run.seed(), run.digest(), dataDigest, run.config().training().steps(), 10,
                20, 10, Map.of("validation", new HeldOutLoss(nats, 4, WindowMeans.of(List.of(nats)))), List.of(), List.of(), 5, "cpu");
    }

    private static Study.Until whole() {
        return new Study.Until(Optional.empty(), Optional.empty(), () -> false);
    }

    private Study.Outcome run(RunExecutor executor, Study.Until until, List<Device> devices) throws IOException {
        try (StudyFolder own = StudyFolder.open(output, config)) {
            return new Study(plan, own, "d", executor, notes::add).run(devices, until, () -> { });
        }
    }

    @Test
    void doesAllRunsInOrderAndNoneTwice() throws IOException {
        Invented executor = new Invented();
        assertEquals(new Study.Outcome(6, 0, List.of()), run(executor, whole(), List.of(CPU)));
        assertEquals(plan.runs().stream().map(PlannedRun::name).toList(), executor.asked);
        assertEquals("breadth causal seed 1: validation 2.5000 nats a token (5 of 6 runs to do)", notes.get(0));
        Invented again = new Invented();
        assertEquals(new Study.Outcome(0, 0, List.of()), run(again, whole(), List.of(CPU)));
        assertEquals(List.of(), again.asked);
        try (StudyFolder own = StudyFolder.open(output, config)) {
            assertEquals(List.copyOf(plan.runs()), List.copyOf(new Study(plan, own, "d", again, notes::add).finished().keySet()));
        }
    }

    @Test
    void aPartMayBeDoneAlone() throws IOException {
        Invented executor = new Invented();
        assertEquals(new Study.Outcome(2, 0, List.of()), run(executor, new Study.Until(Optional.of("depth"), Optional.empty(), () -> false),
                List.of(CPU)));
        assertEquals(List.of("depth causal seed 1", "depth sp seed 1"), executor.asked);
    }

    @Test
    void severalDevicesShareTheRuns() throws IOException {
        Invented executor = new Invented() {
            @Override
            public Optional<RunResult> run(PlannedRun run, Path own, Device device, BooleanSupplier stop) throws IOException {
                try {
                    Thread.sleep(50);
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                return super.run(run, own, device, stop);
            }
        };
        assertEquals(6, run(executor, whole(), List.of(Device.gpu(0), Device.gpu(1))).done());
        assertEquals(Set.of(Device.gpu(0), Device.gpu(1)), executor.devices);
        assertEquals(plan.runs().stream().map(PlannedRun::name).sorted().toList(), executor.asked.stream().sorted().toList());
    }

    @Test
    void noRunBeginsAfterTheTimeNorWhenAskedToStop() throws IOException {
        Invented none = new Invented();
        assertEquals(new Study.Outcome(0, 6, List.of()), run(none, new Study.Until(Optional.empty(), Optional.of(Duration.ZERO), () -> false),
                List.of(CPU)));
        assertEquals(List.of(), none.asked);
        Invented stopped = new Invented() {
            @Override
            public Optional<RunResult> run(PlannedRun run, Path own, Device device, BooleanSupplier stop) throws IOException {
                return run.name().equals("breadth sp seed 1") ? Optional.empty() : super.run(run, own, device, stop);
            }
        };
        assertEquals(new Study.Outcome(1, 5, List.of()), run(stopped, whole(), List.of(CPU)));
        Invented rest = new Invented();
        assertEquals(5, run(rest, whole(), List.of(CPU)).done());
        assertEquals("breadth sp seed 1", rest.asked.get(0));
    }

    @Test
    void aRunThatFailsIsToldOfAndTheOthersGoOn() throws IOException {
        Invented executor = new Invented() {
            @Override
            public Optional<RunResult> run(PlannedRun run, Path own, Device device, BooleanSupplier stop) throws IOException {
                if (run.arm().equals("sp") && run.seed() == 2) {
                    throw new IllegalStateException("the loss is not finite");
                }
                return super.run(run, own, device, stop);
            }
        };
        assertEquals(new Study.Outcome(5, 0, List.of("breadth sp seed 2 failed: the loss is not finite")), run(executor, whole(), List.of(CPU)));
        assertTrue(notes.contains("warning: breadth sp seed 2 failed: the loss is not finite"));
    }

    @Test
    void whatEndsOneDevicesWorkEndsTheOthersBeforeTheFolderIsGivenUp() {
        CountDownLatch bothBegan = new CountDownLatch(2);
        AtomicBoolean otherEnded = new AtomicBoolean();
        RunExecutor executor = new Invented() {
            @Override
            public Optional<RunResult> run(PlannedRun run, Path own, Device device, BooleanSupplier stop) throws IOException {
                try {
                    bothBegan.countDown();
                    assertTrue(bothBegan.await(1, TimeUnit.MINUTES));
                    if (device.equals(Device.gpu(1))) {
                        throw new IOException("the disk is full");
                    }
                    for (int wait = 0; wait < 6000 && !stop.getAsBoolean(); wait++) {
                        Thread.sleep(10);
                    }
                    Thread.sleep(200); // a step goes on to its end
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                otherEnded.set(stop.getAsBoolean());
                return Optional.empty();
            }
        };
        IOException failure = assertThrows(IOException.class, () -> run(executor, whole(), List.of(Device.gpu(0), Device.gpu(1))));
        assertEquals("the disk is full", failure.getMessage());
        assertTrue(otherEnded.get(), "the other device's run goes on");
    }

    @Test
    void aFolderOfAnotherStudyIsRefused() throws IOException {
        run(new Invented(), whole(), List.of(CPU));
        use(TEXT.replace("margin: 0.01", "margin: 0.02"));
        assertRefused(output + " holds a study with another margin (0.01, now 0.02), which is declared before there are results: choose"
                + " another folder");
        use(TEXT.replace("reference: causal", "reference: sp"));
        assertRefused(output + " holds a study with another reference (causal, now sp), which is declared before there are results: choose"
                + " another folder");
        use(TEXT.replace("settings: {", "settings: {model.num_experts: 4, "));
        String message = assertThrows(InvalidInputException.class, () -> run(new Invented(), whole(), List.of(CPU))).getMessage();
        assertTrue(message.startsWith(output.resolve("runs/breadth/causal/seed-1") + " holds a run of another configuration (digest "), message);
    }

    private void assertRefused(String message) {
        assertEquals(message, assertThrows(InvalidInputException.class, () -> run(new Invented(), whole(), List.of(CPU))).getMessage());
    }

    @Test
    void otherDataAndAnUnfinishedRunOfAnotherConfigurationAreRefused() throws IOException {
        run(new Invented(), whole(), List.of(CPU));
        try (StudyFolder own = StudyFolder.open(output, config)) {
            String message = assertThrows(InvalidInputException.class,
                    () -> new Study(plan, own, "e", new Invented(), notes::add).finished()).getMessage();
            assertTrue(message.startsWith(output.resolve("runs/breadth/causal/seed-1") + " holds a run of another data (digest d, now e)"), message);
            Files.delete(output.resolve("runs/breadth/causal/seed-1/result.json"));
        }
        use(TEXT.replace("settings: {", "settings: {model.num_experts: 4, "));
        String message = assertThrows(InvalidInputException.class, () -> run(new Invented(), whole(), List.of(CPU))).getMessage();
        assertTrue(message.startsWith(output.resolve("runs/breadth/causal/seed-1") + " holds a run of another configuration (digest "), message);
    }

    @Test
    void armsSeedsAndPartsMayCome() throws IOException {
        run(new Invented(), whole(), List.of(CPU));
        use(TEXT.replace("seeds: [1, 2]", "seeds: [1, 2, 3]").replace("parts:", "  local: {model.attention_pattern: local}\nparts:"));
        Invented executor = new Invented();
        run(executor, whole(), List.of(CPU));
        assertEquals(List.of("breadth local seed 1", "breadth local seed 2", "breadth causal seed 3", "breadth sp seed 3", "breadth local seed 3",
                "depth local seed 1"), executor.asked);
    }

    @Test
    void aFolderWithOtherThingsIsRefused() throws IOException {
        Files.createDirectories(output);
        Files.writeString(output.resolve("letter.txt"), "x");
        assertRefused("the output folder " + output + " exists, is not empty and holds no study: choose another");
        assertEquals("x", Files.readString(output.resolve("letter.txt")));
    }
}
