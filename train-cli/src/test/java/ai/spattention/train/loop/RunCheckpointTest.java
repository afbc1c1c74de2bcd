package ai.spattention.train.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.OwnFiles;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.segment.PartObserver;
import ai.spattention.torch.Bfloat16;
import ai.spattention.train.SmallData;
import ai.spattention.train.checkpoint.CheckpointStore;
import ai.spattention.train.checkpoint.TrainingState;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.data.TokenBatch;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.distributed.ForwardingCollectives;
import ai.spattention.train.distributed.SingleProcess;
import ai.spattention.train.distributed.TurnCollectives;
import ai.spattention.train.loop.observer.RunObserver;
import ai.spattention.train.loop.periodic.RunProgress;
import ai.spattention.train.loop.periodic.StepEnd;
import ai.spattention.train.loop.setup.ModelSetup;
import ai.spattention.train.loop.setup.PassChoice;
import ai.spattention.train.loop.step.MicroBatch;
import ai.spattention.train.loop.step.TrainStep;
import ai.spattention.train.metrics.StepMetrics;
import ai.spattention.train.optim.AdamW;
import ai.spattention.train.optim.MomentSlice;
import ai.spattention.train.optim.Schedule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunCheckpointTest {

    @TempDir
    private Path folder;

    private final List<String> told = Collections.synchronizedList(new ArrayList<>());

    /** A model, its step and its checkpoint, which know nothing of others on the same folder. */
    private final class Fixture implements AutoCloseable, RunObserver {

        private final RunConfig config;
        private final OlmoeModel model;
        private final TrainStep step;
        private final RunCheckpoint checkpoint;

        Fixture(String fingerprint, String... overrides) throws IOException {
            this(new SingleProcess(), fingerprint, overrides);
        }

        Fixture(Collectives ranks, String fingerprint, String... overrides) throws IOException {
            List<String> all = new ArrayList<>(List.of("checkpoint.every_steps=2", "checkpoint.keep_last=5"));
            all.addAll(List.of(overrides));
            config = SmallData.config(Path.of("none"), all.toArray(String[]::new));
            PassChoice choice = PassChoice.of(config, Device.cpu());
            model = ModelSetup.model(config, (Integer) null, choice);
            step = new TrainStep(config, choice, model, Device.cpu(), Schedule.constant(0.01, 0), 10,
                    new TrainStep.Watch(PartObserver.NONE, note -> { }, List.of()));
            checkpoint = new RunCheckpoint(config, fingerprint, folder, model, step, ranks, this);
        }

        void learn(long seed) {
            long[] ids = new Random(seed).longs(4 * 48, 0, 257).toArray();
            synchronized (told) { // in one process DJL collects gradients for one at a time
                step.begin();
                step.accumulate(new MicroBatch(new TokenBatch(4, 48, ids, ids), Optional.empty()));
                step.update();
            }
        }

        void act(long number, boolean isLast) throws IOException {
            RunProgress progress = new RunProgress(number, number * config.tokensPerStep(), 1.5);
            checkpoint.act(new StepEnd(progress, isLast, model, step.manager(), () -> false), StepMetrics.builder().setStep(number));
        }

        Map<String, float[]> state() {
            Map<String, float[]> state = new TreeMap<>();
            Map<String, AdamW.Moments> all = step.moments().stream()
                    .collect(Collectors.toMap(MomentSlice::parameterId, MomentSlice::moments));
            model.getParameters().forEach(named -> {
                state.put(named.getKey(), named.getValue().getArray().toFloatArray());
                AdamW.Moments moments = all.get(named.getValue().getId());
                state.put(named.getKey() + " mean", numbers(moments.mean()));
                state.put(named.getKey() + " variance", numbers(moments.variance()));
            });
            return state;
        }

        private float[] numbers(NDArray moment) {
            try (NDArray exact = Bfloat16.toFloat32(moment)) {
                return exact.toFloatArray();
            }
        }

        @Override
        public void checkpointed(long number, Path written) {
            told.add("checkpoint " + number + " " + written.getFileName());
        }

        @Override
        public void note(String message) {
            told.add(message);
        }

        @Override
        public void close() {
            step.close();
        }
    }

    @Test
    void isDueAtItsIntervalAndAtTheLastStepUntilItIsWritten() throws IOException {
        try (Fixture fixture = new Fixture("data")) {
            fixture.learn(1);
            assertFalse(fixture.checkpoint.isDue(1, false));
            assertTrue(fixture.checkpoint.isDue(2, false));
            fixture.act(2, false);
            assertFalse(fixture.checkpoint.isDue(2, false));
            assertTrue(fixture.checkpoint.isSaved(2) && !fixture.checkpoint.isSaved(1));
            assertTrue(fixture.checkpoint.isDue(3, true));
            fixture.act(3, true);
            assertFalse(fixture.checkpoint.isDue(3, true));
            assertTrue(fixture.checkpoint.isDue(4, false));
        }
        assertEquals(List.of("checkpoint 2 step-00000002", "checkpoint 3 step-00000003"), told);
        assertEquals(List.of(2L, 3L), new CheckpointStore(folder, 1).steps());
    }

    @Test
    void resumesWhereTheRunStoodBitByBit() throws IOException {
        Map<String, float[]> saved;
        try (Fixture fixture = new Fixture("data")) {
            fixture.learn(1);
            fixture.learn(2);
            fixture.act(2, false);
            saved = fixture.state();
        }
        try (Fixture fixture = new Fixture("data")) {
            fixture.learn(9);
            TrainingState state = fixture.checkpoint.resume().orElseThrow();
            assertEquals(2, state.step());
            assertEquals(2 * fixture.config.tokensPerStep(), state.tokens());
            assertEquals(1.5, state.elapsedSeconds());
            assertEquals("", state.unrecorded());
            assertEquals(2, fixture.step.updates());
            assertSame(saved, fixture.state());
            assertFalse(fixture.checkpoint.isDue(2, false), "it is there");
            assertFalse(fixture.checkpoint.isDue(3, false));
            assertTrue(fixture.checkpoint.isDue(4, false));
        }
    }

    @Test
    void theLastOneKeepsTheStepsMetrics() throws IOException {
        try (Fixture fixture = new Fixture("data")) {
            fixture.learn(1);
            fixture.act(6, true);
            assertEquals(6, StepMetrics.ofLine(fixture.checkpoint.resume().orElseThrow().unrecorded()).build().step());
        }
    }

    /** Where a run of one process is about to copy the moments, it meets the other ranks, which it has not: the time to spoil something. */
    private static Collectives meeting(Runnable before) {
        return new ForwardingCollectives(new SingleProcess()) {
            @Override
            public double[] sum(double... values) {
                before.run();
                return super.sum(values);
            }
        };
    }

    @Test
    void whatIsWrittenBehindTrainingBecomesCurrentWhenALaterStepIsDone() throws IOException {
        Map<String, float[]> saved;
        CheckpointStore store = new CheckpointStore(folder, 1);
        try (Fixture fixture = new Fixture("data", "checkpoint.asynchronous=true"); RunCheckpoint checkpoint = fixture.checkpoint) {
            fixture.learn(1);
            assertTrue(checkpoint.takeWaitedSeconds().isEmpty());
            fixture.act(2, false);
            saved = fixture.state();
            assertTrue(checkpoint.isSaved(2) && !checkpoint.isDue(2, false), "it is on its way");
            assertEquals(List.of(), store.steps());
            assertTrue(checkpoint.takeWaitedSeconds().getAsDouble() > 0, "the copy took time");
            fixture.learn(2); // changes weights and moments in place
            checkpoint.finish();
            assertEquals(List.of(2L), store.steps());
            assertTrue(checkpoint.takeWaitedSeconds().getAsDouble() > 0);
            checkpoint.advance(3);
            checkpoint.finish();
            assertTrue(checkpoint.takeWaitedSeconds().isEmpty(), "there is none");
            fixture.act(4, false);
            while (!store.steps().contains(4L)) { // as steps would come and go
                checkpoint.advance(5);
                Thread.onSpinWait();
            }
            fixture.act(6, false);
            fixture.act(8, false);
            assertEquals(List.of(2L, 4L, 6L), store.steps(), "there is one on its way at most");
            fixture.act(9, true);
            assertEquals(List.of(2L, 4L, 6L, 8L, 9L), store.steps(), "the last one is waited for");
        }
        assertEquals(List.of(2L, 4L, 6L, 8L, 9L).stream().map(step -> "checkpoint " + step + " step-0000000" + step).toList(), told);
        for (long later : new long[] {4, 6, 8, 9}) {
            OwnFiles.deleteTree(folder.resolve("step-0000000" + later));
        }
        try (Fixture fixture = new Fixture("data")) {
            assertEquals(2, fixture.checkpoint.resume().orElseThrow().step());
            assertSame(saved, fixture.state());
        }
    }

    /** Several in a row, most of which are due while the one before is still being written. */
    @ParameterizedTest
    @ValueSource(strings = {"float32", "bfloat16"})
    void whatIsWrittenBehindTrainingIsWhatTheStepLeft(String statePrecision) throws IOException {
        String[] overrides = {"checkpoint.asynchronous=true", "checkpoint.keep_last=9", "training.steps=20",
            "optimizer.state_precision=" + statePrecision};
        List<Map<String, float[]>> saved = new ArrayList<>();
        try (Fixture fixture = new Fixture("data", overrides); RunCheckpoint checkpoint = fixture.checkpoint) {
            assertEquals(0, checkpoint.keptBytes());
            long kept = 0;
            for (long step = 1; step <= 8; step++) {
                fixture.learn(step);
                checkpoint.advance(step);
                if (step == 1) {
                    kept = checkpoint.keptBytes();
                    assertEquals(3L * Float.BYTES * fixture.config.model().totalParams(), kept, "reserved before the first is due");
                }
                if (step % 2 == 0) {
                    fixture.act(step, false);
                    saved.add(fixture.state());
                }
                assertEquals(kept, checkpoint.keptBytes(), "one checkpoint's copies are kept, not more");
            }
            checkpoint.finish();
        }
        for (int i = 0; i < saved.size(); i++) {
            try (Fixture fixture = new Fixture("data", overrides)) {
                assertEquals(8 - 2 * i, fixture.checkpoint.resume().orElseThrow().step());
                assertSame(saved.get(3 - i), fixture.state());
            }
            OwnFiles.deleteTree(folder.resolve("step-0000000" + (8 - 2 * i)));
        }
    }

    @Test
    void memoryIsReservedOnlyForACheckpointThatIsToCome() throws IOException {
        for (String every : List.of("0", "6", "7")) {
            try (Fixture fixture = new Fixture("data", "checkpoint.asynchronous=true", "training.steps=6", "checkpoint.every_steps=" + every);
                    RunCheckpoint checkpoint = fixture.checkpoint) {
                fixture.learn(1);
                checkpoint.advance(1);
                assertEquals(0, checkpoint.keptBytes(), "every " + every);
            }
        }
        try (Fixture fixture = new Fixture("data", "training.steps=6"); RunCheckpoint checkpoint = fixture.checkpoint) {
            fixture.learn(1);
            checkpoint.advance(1);
            assertEquals(0, checkpoint.keptBytes(), "checkpoints that are waited for need no copies");
        }
    }

    @Test
    void aFailureBehindTrainingEndsTheRunAtTheNextStep() throws IOException {
        Path full = Path.of("/dev/full");
        Assumptions.assumeTrue(Files.exists(full), "this system has no device that is always full");
        Path half = folder.resolve("step-00000004.tmp");
        Collectives spoiling = meeting(() -> {
            if (Files.isDirectory(half) && !Files.isSymbolicLink(half.resolve("optimizer.safetensors"))) {
                try {
                    Files.createSymbolicLink(half.resolve("optimizer.safetensors"), full);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        });
        try (Fixture fixture = new Fixture(spoiling, "data", "checkpoint.asynchronous=true"); RunCheckpoint checkpoint = fixture.checkpoint) {
            fixture.learn(1);
            fixture.act(2, false);
            fixture.act(4, false);
            String message = assertThrows(InvalidInputException.class, checkpoint::finish).getMessage();
            assertEquals("the disk is full: cannot write " + half.resolve("optimizer.safetensors") + "; free some space or choose another folder",
                    message);
            assertFalse(checkpoint.isSaved(4));
            assertEquals(List.of("checkpoint 2 step-00000002"), told);
            assertEquals(List.of("step-00000002"), List.of(folder.toFile().list()), "nothing half written is left");
        }
        assertEquals(List.of("step-00000002"), List.of(folder.toFile().list()), "nor when the run has ended");
    }

    @Test
    void afterAFailureAnotherCheckpointCanBeWritten() throws IOException {
        Map<String, float[]> saved;
        Path half = folder.resolve("step-00000002.tmp");
        Collectives spoiling = meeting(() -> {
            if (Files.isDirectory(half)) {
                try {
                    Files.createDirectories(half.resolve("optimizer.safetensors").resolve("in the way"));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        });
        try (Fixture fixture = new Fixture(spoiling, "data", "checkpoint.asynchronous=true"); RunCheckpoint checkpoint = fixture.checkpoint) {
            fixture.learn(1);
            fixture.act(2, false);
            assertThrows(Exception.class, checkpoint::finish);
            fixture.learn(2);
            fixture.act(4, false);
            saved = fixture.state();
            fixture.learn(3);
            checkpoint.finish();
        }
        assertEquals(List.of("checkpoint 4 step-00000004"), told);
        try (Fixture fixture = new Fixture("data")) {
            assertEquals(4, fixture.checkpoint.resume().orElseThrow().step());
            assertSame(saved, fixture.state());
        }
    }

    @Test
    void aRunThatEndsOtherwiseLeavesNothingOfWhatWasOnItsWay() throws IOException {
        try (Fixture fixture = new Fixture("data", "checkpoint.asynchronous=true"); RunCheckpoint checkpoint = fixture.checkpoint) {
            fixture.learn(1);
            fixture.act(2, false);
            checkpoint.finish();
            fixture.act(4, false);
        }
        assertEquals(List.of("step-00000002"), List.of(folder.toFile().list()));
    }

    /** Saved by some ranks and taken up by others, each with a model of its own; behind training or not. */
    @Test
    void anyNumberOfRanksGoesOnFromWhatAnyNumberSaved() throws Exception {
        Map<String, float[]> saved = new TreeMap<>();
        long number = 0;
        for (int ranks : new int[] {2, 1, 3}) {
            long next = number + 2;
            List<Map<String, float[]>> states = TurnCollectives.run(ranks, own -> {
                try (Fixture fixture = new Fixture(own, "data", "checkpoint.asynchronous=" + (own.size() > 1));
                        RunCheckpoint checkpoint = fixture.checkpoint) {
                    checkpoint.resume();
                    if (!saved.isEmpty()) {
                        assertSame(saved, fixture.state());
                    }
                    fixture.learn(next);
                    fixture.act(next, false);
                    checkpoint.finish();
                    return fixture.state();
                }
            });
            for (Map<String, float[]> state : states) {
                assertSame(states.get(0), state);
            }
            saved.putAll(states.get(0));
            number = next;
            assertEquals(ranks == 1 ? 4 : 2 + 2 * ranks, folder.resolve("step-0000000" + next).toFile().list().length);
        }
    }

    private static void assertSame(Map<String, float[]> expected, Map<String, float[]> actual) {
        assertEquals(expected.keySet(), actual.keySet());
        expected.forEach((name, values) -> assertArrayEquals(values, actual.get(name), name));
    }

    @Test
    void withoutACheckpointThereIsNothingToResume() throws IOException {
        try (Fixture fixture = new Fixture("data")) {
            assertEquals(Optional.empty(), fixture.checkpoint.resume());
            assertFalse(fixture.checkpoint.isSaved(0));
        }
        assertEquals(List.of(), told);
    }

    @Test
    void whatChangedIsToldAndOtherDataAreRefused() throws IOException {
        try (Fixture fixture = new Fixture("data")) {
            fixture.learn(1);
            fixture.act(2, false);
        }
        told.clear();
        try (Fixture fixture = new Fixture("data", "optimizer.peak_lr=0.5")) {
            fixture.checkpoint.resume();
        }
        assertEquals(List.of("from step 3 on, optimizer.peak_lr is 0.5, the checkpoint's is 0.003"), told);
        try (Fixture fixture = new Fixture("others")) {
            String message = assertThrows(InvalidInputException.class, fixture.checkpoint::resume).getMessage();
            assertTrue(message.contains("belongs to another data: its fingerprint is data"), message);
            assertFalse(fixture.checkpoint.isSaved(2));
        }
    }
}
