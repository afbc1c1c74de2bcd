package ai.spattention.train.study.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.measure.Moments;
import ai.spattention.eval.measure.WindowMeans;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.study.config.PlannedRun;
import ai.spattention.train.study.config.StudyConfig;
import ai.spattention.train.study.config.StudyConfigReader;
import ai.spattention.train.study.config.StudyPlan;
import ai.spattention.train.study.result.HeldOutLoss;
import ai.spattention.train.study.result.ResultFiles;
import ai.spattention.train.study.result.RunResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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

        final List<String> asked = Collections.synchronizedList(new ArrayList<>());

        @Override
        public Optional<RunResult> run(PlannedRun run, Path own, BooleanSupplier stop) throws IOException {
            asked.add(run.name());
            RunResult result = result(run, "d");
            ResultFiles.write(own.resolve(RunResult.FILE_NAME), result);
            return Optional.of(result);
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

    private Study.Outcome run(Study.Until until, RunExecutor... executors) throws IOException {
        try (StudyFolder own = StudyFolder.open(output, config)) {
            return new Study(plan, own, "d", notes::add).run(List.of(executors), until, () -> { });
        }
    }

    @Test
    void doesAllRunsInOrderAndNoneTwice() throws IOException {
        Invented executor = new Invented();
        assertEquals(new Study.Outcome(6, 0, List.of()), run(whole(), executor));
        assertEquals(plan.runs().stream().map(PlannedRun::name).toList(), executor.asked);
        assertEquals("breadth causal seed 1: validation 2.5000 nats a token (5 of 6 runs to do)", notes.get(0));
        Invented again = new Invented();
        assertEquals(new Study.Outcome(0, 0, List.of()), run(whole(), again));
        assertEquals(List.of(), again.asked);
        try (StudyFolder own = StudyFolder.open(output, config)) {
            assertEquals(List.copyOf(plan.runs()), List.copyOf(new Study(plan, own, "d", notes::add).finished().keySet()));
        }
    }

    @Test
    void aPartMayBeDoneAlone() throws IOException {
        Invented executor = new Invented();
        assertEquals(new Study.Outcome(2, 0, List.of()), run(new Study.Until(Optional.of("depth"), Optional.empty(), () -> false),
                executor));
        assertEquals(List.of("depth causal seed 1", "depth sp seed 1"), executor.asked);
    }

    /** Waits in each run for the other's, so that neither can take them all. */
    private static final class Paired extends Invented {

        private final CyclicBarrier both;

        Paired(CyclicBarrier both) {
            this.both = both;
        }

        @Override
        public Optional<RunResult> run(PlannedRun run, Path own, BooleanSupplier stop) throws IOException {
            try {
                both.await(1, TimeUnit.MINUTES);
            } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
                throw new IllegalStateException(e);
            }
            return super.run(run, own, stop);
        }
    }

    @Test
    void severalDevicesShareTheRunsInOrder() throws IOException {
        CyclicBarrier both = new CyclicBarrier(2);
        Paired first = new Paired(both);
        Paired second = new Paired(both);
        assertEquals(6, run(whole(), first, second).done());
        List<PlannedRun> runs = plan.runs();
        for (int i = 0; i < 3; i++) {
            assertEquals(Set.of(runs.get(2 * i).name(), runs.get(2 * i + 1).name()), Set.of(first.asked.get(i), second.asked.get(i)));
        }
    }

    @Test
    void aDeviceThatIsLostFailsItsRunAndTheOthersGoOn() throws IOException {
        Invented lost = new Invented() {
            @Override
            public Optional<RunResult> run(PlannedRun run, Path own, BooleanSupplier stop) {
                throw new WorkerLostException("gone");
            }
        };
        Study.Outcome outcome = run(whole(), lost, new Invented());
        assertEquals(List.of(5, 0, 1), List.of(outcome.done(), outcome.left(), outcome.failures().size()), outcome.toString());
        assertTrue(outcome.failures().get(0).endsWith(" failed: gone"), outcome.toString());
        assertEquals(new Study.Outcome(0, 0, outcome.failures()), run(whole(), lost));
    }

    @Test
    void noRunBeginsAfterTheTimeNorWhenAskedToStop() throws IOException {
        Invented none = new Invented();
        assertEquals(new Study.Outcome(0, 6, List.of()), run(new Study.Until(Optional.empty(), Optional.of(Duration.ZERO), () -> false),
                none));
        assertEquals(List.of(), none.asked);
        Invented stopped = new Invented() {
            @Override
            public Optional<RunResult> run(PlannedRun run, Path own, BooleanSupplier stop) throws IOException {
                return run.name().equals("breadth sp seed 1") ? Optional.empty() : super.run(run, own, stop);
            }
        };
        assertEquals(new Study.Outcome(1, 5, List.of()), run(whole(), stopped));
        Invented rest = new Invented();
        assertEquals(5, run(whole(), rest).done());
        assertEquals("breadth sp seed 1", rest.asked.get(0));
    }

    @Test
    void aRunThatFailsIsToldOfAndTheOthersGoOn() throws IOException {
        Invented executor = new Invented() {
            @Override
            public Optional<RunResult> run(PlannedRun run, Path own, BooleanSupplier stop) throws IOException {
                if (run.arm().equals("sp") && run.seed() == 2) {
                    throw new IllegalStateException("the loss is not finite");
                }
                return super.run(run, own, stop);
            }
        };
        assertEquals(new Study.Outcome(5, 0, List.of("breadth sp seed 2 failed: the loss is not finite")), run(whole(), executor));
        assertTrue(notes.contains("warning: breadth sp seed 2 failed: the loss is not finite"));
    }

    @Test
    void whatEndsOneDevicesWorkEndsTheOthersBeforeTheFolderIsGivenUp() {
        CountDownLatch bothBegan = new CountDownLatch(2);
        AtomicBoolean otherEnded = new AtomicBoolean();
        RunExecutor failing = (run, own, stop) -> {
            bothBegan.countDown();
            await(bothBegan);
            throw new IOException("the disk is full");
        };
        RunExecutor other = new Invented() {
            @Override
            public Optional<RunResult> run(PlannedRun run, Path own, BooleanSupplier stop) {
                bothBegan.countDown();
                await(bothBegan);
                try {
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
        IOException failure = assertThrows(IOException.class, () -> run(whole(), other, failing));
        assertEquals("the disk is full", failure.getMessage());
        assertTrue(otherEnded.get(), "the other device's run goes on");
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(1, TimeUnit.MINUTES));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aFolderOfAnotherStudyIsRefused() throws IOException {
        run(whole(), new Invented());
        use(TEXT.replace("margin: 0.01", "margin: 0.02"));
        assertRefused(output + " holds a study with another margin (0.01, now 0.02), which is declared before there are results: choose"
                + " another folder");
        use(TEXT.replace("reference: causal", "reference: sp"));
        assertRefused(output + " holds a study with another reference (causal, now sp), which is declared before there are results: choose"
                + " another folder");
        use(TEXT.replace("settings: {", "settings: {model.num_experts: 4, "));
        String message = assertThrows(InvalidInputException.class, () -> run(whole(), new Invented())).getMessage();
        assertTrue(message.startsWith(output.resolve("runs/breadth/causal/seed-1") + " holds a run of another configuration (digest "), message);
    }

    private void assertRefused(String message) {
        assertEquals(message, assertThrows(InvalidInputException.class, () -> run(whole(), new Invented())).getMessage());
    }

    @Test
    void otherDataAndAnUnfinishedRunOfAnotherConfigurationAreRefused() throws IOException {
        run(whole(), new Invented());
        try (StudyFolder own = StudyFolder.open(output, config)) {
            String message = assertThrows(InvalidInputException.class,
                    () -> new Study(plan, own, "e", notes::add).finished()).getMessage();
            assertTrue(message.startsWith(output.resolve("runs/breadth/causal/seed-1") + " holds a run of another data (digest d, now e)"), message);
            Files.delete(output.resolve("runs/breadth/causal/seed-1/result.json"));
        }
        use(TEXT.replace("settings: {", "settings: {model.num_experts: 4, "));
        String message = assertThrows(InvalidInputException.class, () -> run(whole(), new Invented())).getMessage();
        assertTrue(message.startsWith(output.resolve("runs/breadth/causal/seed-1") + " holds a run of another configuration (digest "), message);
    }

    @Test
    void armsSeedsAndPartsMayCome() throws IOException {
        run(whole(), new Invented());
        use(TEXT.replace("seeds: [1, 2]", "seeds: [1, 2, 3]").replace("parts:", "  local: {model.attention_pattern: local}\nparts:"));
        Invented executor = new Invented();
        run(whole(), executor);
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
