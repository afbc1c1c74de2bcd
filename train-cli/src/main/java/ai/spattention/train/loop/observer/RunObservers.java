package ai.spattention.train.loop.observer;

import ai.spattention.eval.probe.ProbeResult;
import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Several observers as one: each is told in turn. */
public final class RunObservers implements RunObserver {

    private final List<RunObserver> observers;

    /**
     * Joins observers.
     *
     * @param observers in the order in which they are told
     */
    public RunObservers(RunObserver... observers) {
        this.observers = List.of(observers);
    }

    @Override
    public void started(long firstStep, long lastStep) throws IOException {
        for (RunObserver observer : observers) {
            observer.started(firstStep, lastStep);
        }
    }

    @Override
    public boolean hasStep(long step) {
        return observers.stream().allMatch(observer -> observer.hasStep(step));
    }

    @Override
    public void step(StepMetrics metrics) throws IOException {
        for (RunObserver observer : observers) {
            observer.step(metrics);
        }
    }

    @Override
    public void sampled(long step, String prompt, String text) throws IOException {
        for (RunObserver observer : observers) {
            observer.sampled(step, prompt, text);
        }
    }

    @Override
    public void probed(long step, List<ProbeResult> results) throws IOException {
        for (RunObserver observer : observers) {
            observer.probed(step, results);
        }
    }

    @Override
    public void checkpointed(long step, Path folder) throws IOException {
        for (RunObserver observer : observers) {
            observer.checkpointed(step, folder);
        }
    }

    @Override
    public void note(String message) {
        observers.forEach(observer -> observer.note(message));
    }
}
