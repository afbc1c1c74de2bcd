package ai.spattention.train.loop;

import ai.djl.Device;
import ai.spattention.Precision;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.io.AtomicFolder;
import ai.spattention.olmoe.io.Resources;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.olmoe.tokenizer.TokenizerConfig;
import ai.spattention.segment.PartObserver;
import ai.spattention.torch.DeviceSupport;
import ai.spattention.train.checkpoint.TrainingState;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.distributed.SingleProcess;
import ai.spattention.train.loop.observer.RunObserver;
import ai.spattention.train.loop.periodic.BetweenSteps;
import ai.spattention.train.loop.periodic.FirstRank;
import ai.spattention.train.loop.periodic.OnFirstRank;
import ai.spattention.train.loop.periodic.Probing;
import ai.spattention.train.loop.periodic.RunProgress;
import ai.spattention.train.loop.periodic.Shares;
import ai.spattention.train.loop.periodic.StepEnd;
import ai.spattention.train.loop.periodic.TaskEvaluation;
import ai.spattention.train.loop.periodic.TaskScoring;
import ai.spattention.train.loop.periodic.TextProbes;
import ai.spattention.train.loop.periodic.TextSampling;
import ai.spattention.train.loop.periodic.Validation;
import ai.spattention.train.loop.setup.ModelSetup;
import ai.spattention.train.loop.setup.PassChoice;
import ai.spattention.train.loop.setup.ScheduleSetup;
import ai.spattention.train.loop.step.Ranks;
import ai.spattention.train.loop.step.StepOutcome;
import ai.spattention.train.loop.step.TrainStep;
import ai.spattention.train.metrics.StepMetrics;
import ai.spattention.train.optim.Schedule;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;

/**
 * One training run through DJL's Trainer: optimizer steps, with what is due between them. Everything that a step depends on is a
 * function of the configuration, the data and the checkpoint, so that a resumed run on a CPU gives the numbers of an uninterrupted one.
 */
public final class TrainingRun implements AutoCloseable {

    private final RunConfig config;
    private final PreparedData data;
    private final RunObserver observer;
    private final Collectives collectives;
    private final FirstRank first;
    private final Resources resources = new Resources();
    private final OlmoeModel model;
    private final MicroBatches batches;
    private final TrainStep step;
    private final SkipLimit skips;
    private final StepMeter meter;
    private final Validation validation;
    private final BetweenSteps betweenSteps;
    private final RunCheckpoint checkpoint;

    private RunProgress progress = RunProgress.NONE;
    private Optional<StepMetrics.Builder> unrecorded = Optional.empty();

    /** What the first process does as soon as the last step is done, before anything that could still fail. */
    @FunctionalInterface
    public interface AtEnd {

        /**
         * Keeps the model.
         *
         * @param goesOn to be called as often as possible, so that no other process takes the wait for a hang
         * @throws IOException if writing fails
         */
        void run(Runnable goesOn) throws IOException;
    }

    /**
     * Sets a run up: the model, its optimizer and the data. What can be checked before the first step is.
     *
     * @param config the configuration
     * @param data the prepared data
     * @param device where to compute
     * @param checkpointFolder where checkpoints go
     * @param observer is told of what happens
     * @throws InvalidInputException if data and configuration do not fit, tasks cannot be scored or text not be sampled, or the run does
     *     not fit the device's memory
     * @throws IOException if the data cannot be read
     */
    public TrainingRun(RunConfig config, PreparedData data, Device device, Path checkpointFolder, RunObserver observer)
            throws IOException {
        this(config, data, device, checkpointFolder, observer, new SingleProcess());
    }

    /**
     * Sets a run of several processes up, this one's part of it.
     *
     * @param config the configuration, the same in all processes
     * @param data the prepared data, the same in all processes
     * @param device where to compute
     * @param checkpointFolder where checkpoints go
     * @param observer is told of what happens
     * @param collectives what the processes compute together; stay the caller's
     * @throws InvalidInputException as for one process, and if a step's micro-batches cannot be shared out evenly
     * @throws IOException if the data cannot be read
     */
    public TrainingRun(RunConfig config, PreparedData data, Device device, Path checkpointFolder, RunObserver observer,
            Collectives collectives) throws IOException {
        if (config.precision() == Precision.BFLOAT16) {
            DeviceSupport.requireBfloat16(device);
        }
        this.config = config;
        this.data = data;
        this.observer = observer;
        this.collectives = collectives;
        first = new FirstRank(collectives);
        skips = new SkipLimit(observer::note);
        try {
            PassChoice choice = PassChoice.of(config, device, collectives.size());
            Ranks ranks = Ranks.of(config, collectives);
            batches = resources.add(new MicroBatches(config, data, collectives.rank(), collectives.size()));
            betweenSteps = resources.add(new BetweenSteps());
            validation = betweenSteps.add(Validation.open(config, data, collectives));
            model = ModelSetup.model(config, data.manifest(), choice);
            addMeasurements();
            ExpertLoadMeter expertLoad = resources.add(new ExpertLoadMeter(device, collectives));
            Schedule schedule = ScheduleSetup.schedule(config);
            step = resources.add(new TrainStep(config, choice, model, device, schedule, config.training().steps(),
                    new TrainStep.Watch(PartObserver.NONE, observer::note, List.of(expertLoad)), ranks));
            step.prepare();
            checkpoint = resources.add(new RunCheckpoint(config, data.manifest().fingerprint(), checkpointFolder, model, step, collectives,
                    observer));
            meter = new StepMeter(config, model.getConfig(), device, schedule, expertLoad, collectives.size());
        } catch (Throwable e) {
            resources.closeAfter(e);
            throw e;
        }
    }

    /** Probes, tasks and samples, as far as they are asked for, all checked before the first step. */
    private void addMeasurements() throws IOException {
        Optional<TaskEvaluation> tasks = prepareTasks();
        TextProbes probes = TextProbes.prepare(config, data, observer::note);
        if (!config.validation().probeNames().isEmpty()) {
            betweenSteps.add(new Probing(config, probes, tasks, data, new Shares(collectives), observer));
        }
        tasks.ifPresent(checked -> betweenSteps.add(new TaskScoring(config, checked, data, new Shares(collectives), observer::note)));
        if (config.sample().asksForText()) {
            TextSampling sampling = new TextSampling(config, data, observer);
            betweenSteps.add(new OnFirstRank(sampling, first));
        }
    }

    /** Checks also the sample's prompt, for it needs the tokenizer, too. */
    private Optional<TaskEvaluation> prepareTasks() throws IOException {
        try (Tokenizer tokenizer = data.tokenizer()) {
            ModelSetup.requirePrompt(config, tokenizer);
            if (config.evaluation().taskNames().isEmpty()) {
                return Optional.empty();
            }
            return Optional.of(TaskEvaluation.prepare(config.evaluation(), tokenizer, config.model().maxPositionEmbeddings(),
                    observer::note));
        }
    }

    /**
     * The model in training.
     *
     * @return the block
     */
    public OlmoeModel getModel() {
        return model;
    }

    /**
     * Which way the passes run.
     *
     * @return the choice
     */
    public PassChoice getPassChoice() {
        return step.choice();
    }

    /**
     * What the device can do at most.
     *
     * @return floating-point operations a second; empty if that is not known
     */
    public OptionalDouble getPeakFlops() {
        return meter.peakFlops();
    }

    /**
     * Takes up the newest whole checkpoint.
     *
     * @return the step that was restored, 0 if there is no checkpoint
     * @throws InvalidInputException if the checkpoint belongs to other data or another model
     * @throws IOException if reading fails
     */
    public long resume() throws IOException {
        Optional<TrainingState> restored = checkpoint.resume();
        if (restored.isPresent()) {
            TrainingState state = restored.get();
            progress = new RunProgress(state.step(), state.tokens(), state.elapsedSeconds());
            batches.seek(state.tokens());
            unrecorded = Optional.of(state.unrecorded()).filter(line -> !line.isEmpty()).map(StepMetrics::ofLine);
        }
        return progress.step();
    }

    /**
     * Runs all steps that are still to do, with validation, scored tasks, samples and checkpoints at their intervals and at the
     * end. The last step's checkpoint comes before all that measures it, so that no failure there costs what was learned.
     *
     * @param stop asked after every step whether to write a checkpoint and leave, which all processes do if one is asked to; also asked
     *     while tasks are scored
     * @param atEnd what follows the last checkpoint at once, in the first process
     * @return whether the last step was reached
     * @throws TrainingFailedException if the loss stays without a finite value
     * @throws InvalidInputException if the data changes meanwhile, or a checkpoint cannot be written for lack of space
     * @throws IOException if reading or writing fails
     */
    public boolean run(BooleanSupplier stop, AtEnd atEnd) throws IOException {
        long last = config.training().steps();
        RankWeights.share(model, step.values(), collectives, observer::note);
        observer.started(progress.step() + 1, last);
        validation.notes().forEach(observer::note);
        if (progress.step() == last) {
            keep(atEnd, stop);
        }
        if (unrecorded.isPresent() && anyProcess(!observer.hasStep(progress.step()))) { // killed after its last checkpoint
            measure(unrecorded.get(), true, stop);
        }
        while (progress.step() < last) {
            if (anyProcess(stop.getAsBoolean())) {
                checkpoint.finish();
                if (!checkpoint.isSaved(progress.step())) {
                    checkpoint.save(progress, "");
                }
                return false;
            }
            StepMetrics.Builder metrics = step();
            boolean isLast = progress.step() == last;
            if (isLast) {
                checkpoint.act(end(true, stop), metrics);
                keep(atEnd, stop);
            }
            measure(metrics, isLast, stop);
            if (checkpoint.isDue(progress.step(), isLast)) {
                checkpoint.act(end(isLast, stop), metrics);
            }
        }
        return true;
    }

    /**
     * Runs all steps that are still to do, as {@link #run(BooleanSupplier, AtEnd)} with nothing at the end.
     *
     * @param stop asked after every step whether to write a checkpoint and leave
     * @return whether the last step was reached
     * @throws IOException if reading or writing fails
     */
    public boolean run(BooleanSupplier stop) throws IOException {
        return run(stop, goesOn -> { });
    }

    private void keep(AtEnd atEnd, BooleanSupplier stop) throws IOException {
        first.run(stop, asked -> atEnd.run(() -> {
            boolean unused = asked.getAsBoolean(); // the model is kept, asked to stop or not
        }));
    }

    /** Whether something holds in any process, so that all do the same. */
    private boolean anyProcess(boolean holds) {
        return collectives.sum(holds ? 1 : 0)[0] > 0;
    }

    private StepMetrics.Builder step() throws IOException {
        long start = System.nanoTime();
        long number = progress.step() + 1;
        step.manager().getEngine().setRandomSeed(randomSeed(number));
        step.begin();
        for (int i = 0; i < config.training().gradientAccumulationSteps() / collectives.size(); i++) {
            step.accumulate(batches.next());
        }
        Optional<RankTimes> times = times(start);
        StepOutcome outcome = step.update();
        skips.count(number, outcome, step::notFinite);
        double seconds = (System.nanoTime() - start) / 1e9;
        progress = progress.plusStep(config.tokensPerStep(), seconds);
        StepMetrics.Builder metrics = meter.measure(progress, outcome, step.updates(), seconds);
        times.ifPresent(all -> all.addTo(metrics));
        return metrics;
    }

    /** The engine's randomness (dropout) depends on seed, step and rank alone, so that a resumed run draws the same. */
    private int randomSeed(long number) {
        return Math.floorMod(config.seed() * 1_000_003 + number + collectives.rank() * 1_299_709_003L, Integer.MAX_VALUE);
    }

    /** One process waits for nobody. */
    private Optional<RankTimes> times(long start) {
        if (collectives.size() == 1) {
            return Optional.empty();
        }
        step.await();
        return Optional.of(RankTimes.of(collectives, (System.nanoTime() - start) / 1e9));
    }

    /** What is due after a step. Its metrics are told last: with them the step is complete. */
    private void measure(StepMetrics.Builder metrics, boolean isLast, BooleanSupplier stop) throws IOException {
        if (betweenSteps.isDue(progress.step(), isLast)) {
            long start = System.nanoTime();
            step.pause();
            betweenSteps.act(end(isLast, stop), metrics);
            progress = progress.plusSeconds((System.nanoTime() - start) / 1e9);
        }
        checkpoint.advance(progress.step());
        if (checkpoint.isAsynchronous() && checkpoint.isDue(progress.step(), isLast)) {
            checkpoint.act(end(isLast, stop), metrics);
        }
        checkpoint.takeWaitedSeconds().ifPresent(metrics::optCheckpointSeconds);
        observer.step(metrics.setTimeSeconds(progress.elapsedSeconds()).build());
    }

    private StepEnd end(boolean isLast, BooleanSupplier stop) {
        return new StepEnd(progress, isLast, model, step.manager(), stop);
    }

    /**
     * Writes the model as a Hugging Face folder, with its tokenizer; one from an earlier part of the run is replaced in one step,
     * and what others put into it is kept.
     *
     * @param folder the folder
     * @throws InvalidInputException if it is a symbolic link, or the disk is full or read-only
     * @throws IOException if writing fails
     */
    public void saveModel(Path folder) throws IOException {
        saveModel(folder, () -> { });
    }

    /**
     * Writes the model as {@link #saveModel(Path)}, and says that it goes on.
     *
     * @param folder the folder
     * @param goesOn called for each tensor
     * @throws InvalidInputException if it is a symbolic link, or the disk is full or read-only
     * @throws IOException if writing fails
     */
    public void saveModel(Path folder, Runnable goesOn) throws IOException {
        step.pause();
        try (Tokenizer tokenizer = data.tokenizer()) {
            AtomicFolder.write(folder, whole -> {
                HuggingFaceFolder.write(model, new ToldValues(step.values(), goesOn), whole, TensorType.F32, HuggingFaceFolder.DEFAULT_SHARD_BYTES);
                AtomicFile.write(whole.resolve("tokenizer.json"), tokenizer.toJson());
                AtomicFile.write(whole.resolve("tokenizer_config.json"), TokenizerConfig.of(tokenizer));
            });
        }
    }

    @Override
    public void close() throws IOException {
        resources.close();
    }
}
