package ai.spattention.train.loop;

import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.safetensors.SafetensorsFile;
import ai.spattention.train.checkpoint.CheckpointStore;
import ai.spattention.train.checkpoint.TrainingState;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.RunConfigWriter;
import ai.spattention.train.loop.observer.RunObserver;
import ai.spattention.train.loop.periodic.Interval;
import ai.spattention.train.loop.periodic.Periodic;
import ai.spattention.train.loop.periodic.RunProgress;
import ai.spattention.train.loop.periodic.StepEnd;
import ai.spattention.train.loop.step.TrainStep;
import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Saves a run's state, and takes it up again: the exact weights, the optimizer's moments, and how far the run is.
 *
 * <p>The last step's checkpoint is written before anything that measures it, so that no failure there costs what was learned; it keeps
 * the step's metrics, which nobody else has then. All others are written when everything else after their step is done.
 */
final class RunCheckpoint implements Periodic {

    private final RunConfig config;
    private final String dataFingerprint;
    private final CheckpointStore store;
    private final OlmoeModel model;
    private final TrainStep step;
    private final RunObserver observer;
    private final Interval interval;
    private long savedStep = -1;

    /**
     * Creates what saves and resumes.
     *
     * @param config the run's configuration
     * @param dataFingerprint what the data is
     * @param folder where checkpoints go
     * @param model the model
     * @param step its optimizer step; both stay the caller's
     * @param observer is told of what is written, and of what is others than before after a resume
     */
    RunCheckpoint(RunConfig config, String dataFingerprint, Path folder, OlmoeModel model, TrainStep step, RunObserver observer) {
        this.config = config;
        this.dataFingerprint = dataFingerprint;
        this.model = model;
        this.step = step;
        this.observer = observer;
        store = new CheckpointStore(folder, config.checkpoint().keepLast(), config.checkpoint().keepEverySteps());
        interval = new Interval(config.checkpoint().everySteps());
    }

    /**
     * Takes up the newest whole checkpoint.
     *
     * @return where the run stood; empty if there is no checkpoint
     * @throws ai.spattention.common.InvalidInputException if the checkpoint belongs to other data or another model
     * @throws IOException if reading fails
     */
    Optional<TrainingState> resume() throws IOException {
        Optional<CheckpointStore.Checkpoint> newest = store.newest(observer::note);
        if (newest.isEmpty()) {
            return Optional.empty();
        }
        CheckpointStore.Checkpoint checkpoint = newest.get();
        TrainingState state = checkpoint.state();
        step.pause();
        List<String> changes = ResumeCheck.changes(checkpoint.folder(), state, config, dataFingerprint);
        try (SafetensorsFile weights = SafetensorsFile.open(checkpoint.model());
                SafetensorsFile moments = SafetensorsFile.open(checkpoint.optimizer())) {
            step.restore(state.updates(), CheckpointTensors.restore(model, step.values(), weights, moments, step.manager()));
        }
        savedStep = state.step();
        changes.forEach(change -> observer.note("from step " + (state.step() + 1) + " on, " + change));
        return Optional.of(state);
    }

    /** Whether a step's checkpoint is written already, by this run or by that which it goes on from. */
    boolean isSaved(long ofStep) {
        return savedStep == ofStep;
    }

    @Override
    public boolean isDue(long ofStep, boolean isLast) {
        return !isSaved(ofStep) && interval.includes(ofStep, isLast);
    }

    /** Writes a checkpoint, which keeps the metrics if the step is the last. */
    @Override
    public void act(StepEnd end, StepMetrics.Builder metrics) throws IOException {
        save(end.progress(), end.isLast() ? metrics.build().toLine() : "");
    }

    /**
     * Writes a checkpoint.
     *
     * @param progress how far the run is
     * @param unrecorded the step's metrics if they are not told yet, else empty
     * @throws ai.spattention.common.InvalidInputException if the disk is full or read-only
     * @throws IOException if writing fails otherwise
     */
    void save(RunProgress progress, String unrecorded) throws IOException {
        step.pause();
        Path written = store.save(new TrainingState(TrainingState.VERSION, progress.step(), step.updates(), progress.tokens(),
                progress.elapsedSeconds(), dataFingerprint, RunConfigWriter.settings(config), unrecorded),
                CheckpointTensors.weights(model, step.values()), CheckpointTensors.moments(model, step.moments()));
        savedStep = progress.step();
        observer.checkpointed(progress.step(), written);
    }
}
