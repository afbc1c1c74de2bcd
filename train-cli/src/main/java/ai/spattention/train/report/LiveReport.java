package ai.spattention.train.report;

import ai.spattention.eval.probe.ProbeResult;
import ai.spattention.olmoe.io.OutputFile;
import ai.spattention.train.loop.observer.RunObserver;
import ai.spattention.train.metrics.StepMetrics;
import ai.spattention.train.metrics.TextSample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Keeps a run's report.html up to date while it goes on: written after every validation, every scoring of tasks and at the end. The curves are kept
 * in memory, so that nothing is read again. Everything is handed on to another observer first.
 */
public final class LiveReport implements RunObserver {

    private final RunObserver next;
    private final Path folder;
    private RunData run;

    /**
     * Creates a report; nothing is read or written before the run begins.
     *
     * @param next the observer that records the run in the same folder
     * @param folder the run's folder
     */
    public LiveReport(RunObserver next, Path folder) {
        this.next = next;
        this.folder = folder;
    }

    @Override
    public void started(long firstStep, long lastStep) throws IOException {
        next.started(firstStep, lastStep);
        FailureFile.delete(folder);
        run = RunData.read(folder); // with the steps before a resumed run's first one
    }

    @Override
    public boolean hasStep(long step) {
        return next.hasStep(step);
    }

    @Override
    public void step(StepMetrics metrics) throws IOException {
        next.step(metrics);
        run.add(metrics);
        if (!metrics.heldOut().isEmpty() || !metrics.taskScores().isEmpty()) {
            write();
        }
    }

    @Override
    public void sampled(long step, String prompt, String text) throws IOException {
        next.sampled(step, prompt, text);
        if (run.samples().stream().noneMatch(sample -> sample.step() == step)) { // else told again after a kill
            run.add(new TextSample(step, prompt, text));
        }
    }

    @Override
    public void probed(long step, List<ProbeResult> results) throws IOException {
        next.probed(step, results);
    }

    @Override
    public void checkpointed(long step, Path checkpoint) throws IOException {
        next.checkpointed(step, checkpoint);
    }

    @Override
    public void note(String message) {
        next.note(message);
    }

    /**
     * Says on the page that the run failed, and in the folder, for pages that are drawn later.
     *
     * @param failure why
     */
    public void failed(Throwable failure) {
        if (run == null) {
            return;
        }
        run.add(FailureFile.note(failure));
        try {
            FailureFile.write(folder, failure);
        } catch (IOException | RuntimeException e) {
            note("warning: why the run failed could not be written down: " + e.getMessage());
        }
    }

    /** Writes the page, if the run has come as far as a step. A page that cannot be written is noted and costs no run. */
    public void write() {
        if (run == null || run.curves().last().isEmpty()) {
            return;
        }
        try {
            OutputFile.write(folder.resolve(RunReport.FILE_NAME), RunReport.render(List.of(run)));
        } catch (IOException | RuntimeException e) {
            note("warning: the report could not be written: " + e.getMessage());
        }
    }
}
