package ai.spattention.train.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.segment.PartObserver;
import ai.spattention.train.SmallData;
import ai.spattention.train.checkpoint.CheckpointStore;
import ai.spattention.train.checkpoint.TrainingState;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.data.TokenBatch;
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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunCheckpointTest {

    @TempDir
    private Path folder;

    private final List<String> told = new ArrayList<>();

    /** A model, its step and its checkpoint, which know nothing of others on the same folder. */
    private final class Fixture implements AutoCloseable, RunObserver {

        private final RunConfig config;
        private final OlmoeModel model;
        private final TrainStep step;
        private final RunCheckpoint checkpoint;

        Fixture(String fingerprint, String... overrides) {
            List<String> all = new ArrayList<>(List.of("checkpoint.every_steps=2", "checkpoint.keep_last=5"));
            all.addAll(List.of(overrides));
            config = SmallData.config(Path.of("none"), all.toArray(String[]::new));
            PassChoice choice = PassChoice.of(config, Device.cpu());
            model = ModelSetup.model(config, (Integer) null, choice);
            step = new TrainStep(config, choice, model, Device.cpu(), Schedule.constant(0.01, 0), 10,
                    new TrainStep.Watch(PartObserver.NONE, note -> { }, List.of()));
            checkpoint = new RunCheckpoint(config, fingerprint, folder, model, step, this);
        }

        void learn(long seed) {
            long[] ids = new Random(seed).longs(4 * 48, 0, 257).toArray();
            step.begin();
            step.accumulate(new MicroBatch(new TokenBatch(4, 48, ids, ids), Optional.empty()));
            step.update();
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
                var moments = all.get(named.getValue().getId());
                state.put(named.getKey() + " mean", moments.mean().toFloatArray());
                state.put(named.getKey() + " variance", moments.variance().toFloatArray());
            });
            return state;
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
            Map<String, float[]> restored = fixture.state();
            assertEquals(saved.keySet(), restored.keySet());
            saved.forEach((name, values) -> assertArrayEquals(values, restored.get(name), name));
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
