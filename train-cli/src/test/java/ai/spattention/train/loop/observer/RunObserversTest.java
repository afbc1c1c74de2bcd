package ai.spattention.train.loop.observer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RunObserversTest {

    private final List<String> told = new ArrayList<>();

    private final class Listener implements RunObserver {

        private final String name;

        private Listener(String name) {
            this.name = name;
        }

        @Override
        public void started(long firstStep, long lastStep) {
            told.add(name + " started " + firstStep + " " + lastStep);
        }

        @Override
        public void step(StepMetrics metrics) {
            told.add(name + " step " + metrics.step());
        }

        @Override
        public void sampled(long step, String prompt, String text) {
            told.add(name + " sampled " + step + prompt + text);
        }

        @Override
        public void checkpointed(long step, Path folder) {
            told.add(name + " checkpointed " + step + folder);
        }

        @Override
        public void note(String message) {
            told.add(name + " " + message);
        }
    }

    @Test
    void everyOneIsToldOfEverythingInTurn() throws IOException {
        RunObserver both = new RunObservers(new Listener("a"), new Listener("b"));
        both.started(1, 9);
        both.step(StepMetrics.builder().setStep(3).build());
        both.sampled(4, "p", "t");
        both.checkpointed(5, Path.of("f"));
        both.note("n");
        assertEquals(List.of("a started 1 9", "b started 1 9", "a step 3", "b step 3", "a sampled 4pt", "b sampled 4pt",
                "a checkpointed 5f", "b checkpointed 5f", "a n", "b n"), told);
    }
}
