package ai.spattention.train.loop;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.train.checkpoint.CheckpointStore;
import ai.spattention.train.checkpoint.CheckpointWriting;
import ai.spattention.train.checkpoint.SlicedTensors;
import ai.spattention.train.checkpoint.TrainingState;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.RunConfigWriter;
import ai.spattention.train.distributed.Collectives;
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
import java.util.OptionalDouble;

/**
 * Saves a run's state, and takes it up again: the exact weights, the optimizer's moments, and how far the run is.
 *
 * <p>The last step's checkpoint is written before anything that measures it, so that no failure there costs what was learned; it keeps
 * the step's metrics, which nobody else has then. All others are written when everything else after their step is done. If the
 * configuration says so, the run then waits for a copy only: the checkpoint is written behind training, and becomes current when a later step
 * is done. Until then the one before it is the newest; there is one on its way at most. The copy's memory is taken while the steps before the
 * first such checkpoint run, and kept.
 *
 * <p>All ranks of a run call the same methods after the same steps.
 */
final class RunCheckpoint implements Periodic {

    private final RunConfig config;
    private final String dataFingerprint;
    private final Path folder;
    private final CheckpointStore store;
    private final OlmoeModel model;
    private final TrainStep step;
    private final RunObserver observer;
    private final Interval interval;
    private final Collectives ranks;
    private final CheckpointWaits waits;
    private final CheckpointCopies copies;
    private Optional<PendingCheckpoint> pending = Optional.empty();
    private boolean isReserved;
    private long savedStep = -1;
    private long waitedNanos;

    /**
     * Creates what saves and resumes.
     *
     * @param config the run's configuration
     * @param dataFingerprint what the data is
     * @param folder where checkpoints go
     * @param model the model
     * @param step its optimizer step; both stay the caller's
     * @param ranks the ranks of the run; stay the caller's
     * @param observer is told of what is written, and of what is others than before after a resume
     * @throws InvalidInputException if the ranks do not see the same folder
     * @throws IOException if the folder cannot be written
     */
    RunCheckpoint(RunConfig config, String dataFingerprint, Path folder, OlmoeModel model, TrainStep step, Collectives ranks,
            RunObserver observer) throws IOException {
        this.config = config;
        this.dataFingerprint = dataFingerprint;
        this.model = model;
        this.step = step;
        this.observer = observer;
        this.ranks = ranks;
        this.folder = folder;
        store = new CheckpointStore(folder, config.checkpoint().keepLast(), config.checkpoint().keepEverySteps(), ranks);
        store.requireShared();
        interval = new Interval(config.checkpoint().everySteps());
        waits = new CheckpointWaits(observer::note);
        copies = new CheckpointCopies(step.manager().getDevice());
    }

    /**
     * Takes up the newest whole checkpoint.
     *
     * @return where the run stood; empty if there is no checkpoint
     * @throws InvalidInputException if the checkpoint belongs to other data or another model, or there are damaged ones only
     * @throws IOException if reading fails
     */
    Optional<TrainingState> resume() throws IOException {
        Optional<CheckpointStore.Checkpoint> newest = store.newest(observer::note);
        if (newest.isEmpty()) {
            if (!store.isEmpty()) { // a run that began anew would take the place of what may be mended
                throw new InvalidInputException("no checkpoint in " + folder + " is whole: bring back what they lack, or delete them to begin with"
                        + " step 1");
            }
            return Optional.empty();
        }
        CheckpointStore.Checkpoint checkpoint = newest.get();
        TrainingState state = checkpoint.state();
        step.pause();
        List<String> changes = ResumeCheck.changes(checkpoint.folder(), state, config, dataFingerprint);
        try (SlicedTensors weights = SlicedTensors.open(checkpoint.model());
                SlicedTensors moments = SlicedTensors.open(checkpoint.optimizer())) {
            CheckpointTensors.restore(model, step.values(), weights, step.manager());
            step.restore(state.updates(), CheckpointTensors.saved(model, moments, step.manager()));
        }
        savedStep = state.step();
        changes.forEach(change -> observer.note("from step " + (state.step() + 1) + " on, " + change));
        return Optional.of(state);
    }

    /** Whether a step's checkpoint is written or on its way already, by this run or by that which it goes on from. */
    boolean isSaved(long ofStep) {
        return savedStep == ofStep || pending.isPresent() && pending.get().step() == ofStep;
    }

    /** Whether checkpoints of steps that are not the last are written behind training. They may be begun before the step's metrics are told. */
    boolean isAsynchronous() {
        return config.checkpoint().asynchronous();
    }

    @Override
    public boolean isDue(long ofStep, boolean isLast) {
        return !isSaved(ofStep) && interval.includes(ofStep, isLast);
    }

    /** Writes a checkpoint, which keeps the metrics if the step is the last, or begins one that is written behind training. */
    @Override
    public void act(StepEnd end, StepMetrics.Builder metrics) throws IOException {
        if (isAsynchronous() && !end.isLast()) {
            begin(end.progress());
        } else {
            save(end.progress(), end.isLast() ? metrics.build().toLine() : "");
        }
    }

    private void begin(RunProgress progress) throws IOException {
        finishBefore(progress.step());
        long start = System.nanoTime();
        step.pause();
        CheckpointWriting writing = store.begin(state(progress, ""));
        try {
            pending = Optional.of(new PendingCheckpoint(progress.step(), writing, copies.taken(files())));
        } catch (Throwable e) {
            writing.close();
            throw e;
        }
        waitedNanos += System.nanoTime() - start;
    }

    /** What is on its way reads the copies that the next checkpoint is to fill. */
    private void finishBefore(long due) throws IOException {
        if (pending.isPresent()) {
            long before = waitedNanos;
            long written = pending.get().step();
            finish();
            waits.waited(written, due, (waitedNanos - before) / 1e9);
        }
    }

    private CheckpointCopies.Files files() {
        return new CheckpointCopies.Files(CheckpointTensors.weights(model, step.values(), ranks),
                CheckpointTensors.moments(model, step.moments(), ranks));
    }

    /**
     * Makes a checkpoint on its way current if all ranks have written it, and reserves memory for the first to come; to be called after every
     * step, before the step's checkpoint begins.
     *
     * @param ofStep the step
     * @throws InvalidInputException if it could not be written for lack of space
     * @throws IOException if it could not be written otherwise
     */
    void advance(long ofStep) throws IOException {
        if (isAsynchronous() && !isReserved && interval.comesBetween(ofStep, config.training().steps())) {
            isReserved = true;
            copies.reserve(files());
        }
        if (pending.isPresent()) {
            double[] sums = ranks.sum(pending.get().hasEnded() ? 1 : 0, pending.get().hasFailed() ? 1 : 0);
            if (sums[0] == ranks.size() || sums[1] > 0) {
                finish();
            }
        }
    }

    /**
     * Waits for a checkpoint on its way, if there is one, and makes it current.
     *
     * @throws InvalidInputException if it could not be written for lack of space
     * @throws IOException if it could not be written otherwise
     */
    void finish() throws IOException {
        if (pending.isEmpty()) {
            return;
        }
        long start = System.nanoTime();
        try (PendingCheckpoint ended = pending.get()) {
            pending = Optional.empty();
            tell(ended.step(), ended.publish());
        }
        waitedNanos += System.nanoTime() - start;
    }

    private void tell(long ofStep, Path written) throws IOException {
        savedStep = ofStep;
        observer.checkpointed(ofStep, written);
    }

    /** The seconds that the run has waited for checkpoints since this was asked last; empty if there were none. */
    OptionalDouble takeWaitedSeconds() {
        long nanos = waitedNanos;
        waitedNanos = 0;
        return nanos == 0 ? OptionalDouble.empty() : OptionalDouble.of(nanos / 1e9);
    }

    /**
     * Writes a checkpoint while the run waits, after that which may be on its way.
     *
     * @param progress how far the run is
     * @param unrecorded the step's metrics if they are not told yet, else empty
     * @throws InvalidInputException if the disk is full or read-only
     * @throws IOException if writing fails otherwise
     */
    void save(RunProgress progress, String unrecorded) throws IOException {
        finish();
        long start = System.nanoTime();
        step.pause();
        CheckpointCopies.Files files = files();
        Path written = store.save(state(progress, unrecorded), files.model(), files.optimizer());
        waitedNanos += System.nanoTime() - start;
        tell(progress.step(), written);
    }

    private TrainingState state(RunProgress progress, String unrecorded) {
        return new TrainingState(TrainingState.VERSION, progress.step(), step.updates(), progress.tokens(), progress.elapsedSeconds(),
                dataFingerprint, RunConfigWriter.settings(config), unrecorded);
    }

    /** The processor's memory that is kept for checkpoints behind training: bytes. */
    long keptBytes() {
        return copies.bytes();
    }

    /** Waits for what is being written, which a run that fails does not make current. */
    @Override
    public void close() throws IOException {
        try (copies) {
            if (pending.isPresent()) {
                pending.get().close();
            }
        }
    }
}
