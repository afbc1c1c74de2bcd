package ai.spattention.train.loop;

import ai.djl.Device;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.Batch;
import ai.djl.translate.StackBatchifier;
import ai.djl.util.cuda.CudaUtils;
import ai.spattention.InvalidInputException;
import ai.spattention.Precision;
import ai.spattention.eval.probe.ProbeName;
import ai.spattention.eval.probe.ProbeResult;
import ai.spattention.olmoe.checkpoint.HuggingFaceFolder;
import ai.spattention.olmoe.config.ModelFlops;
import ai.spattention.olmoe.generate.Sampling;
import ai.spattention.olmoe.generate.TextGenerator;
import ai.spattention.olmoe.io.AtomicFile;
import ai.spattention.olmoe.io.AtomicFolder;
import ai.spattention.olmoe.io.Resources;
import ai.spattention.olmoe.loss.LossValues;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.safetensors.SafetensorsFile;
import ai.spattention.olmoe.safetensors.TensorType;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.olmoe.tokenizer.TokenizerConfig;
import ai.spattention.segment.PartObserver;
import ai.spattention.torch.DeviceSupport;
import ai.spattention.train.checkpoint.CheckpointStore;
import ai.spattention.train.checkpoint.TrainingState;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.RunConfigWriter;
import ai.spattention.train.config.SampleConfig;
import ai.spattention.train.data.BatchSource;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.data.Split;
import ai.spattention.train.data.TokenBatch;
import ai.spattention.train.data.TokenSequences;
import ai.spattention.train.machine.PeakFlops;
import ai.spattention.train.metrics.HeldOutLoss;
import ai.spattention.train.metrics.StepMetrics;
import ai.spattention.train.optim.Schedule;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/**
 * One training run through DJL's Trainer. Everything that a step depends on is a function of the configuration, the data and
 * the checkpoint, so that a resumed run on a CPU gives the numbers of an uninterrupted one.
 */
public final class TrainingRun implements AutoCloseable {

    /** A loss that is not finite this many times in a row is not bad luck. */
    private static final int SKIPS_IN_A_ROW = 20;

    private final RunConfig config;
    private final PreparedData data;
    private final RunObserver observer;
    private final CheckpointStore checkpoints;
    private final Resources resources = new Resources();
    private final OlmoeModel block;
    private final TrainingStep work;
    private final Schedule schedule;
    private final ExpertLoadMeter expertLoad;
    private final TokenSequences training;
    private final Validation validation;
    private final Optional<TaskEvaluation> evaluation;
    private final TextProbes probes;
    private final double flopsPerToken;
    private final OptionalDouble peakFlops;

    private BatchSource batches;
    private Optional<StepMetrics.Builder> unrecorded = Optional.empty();
    private long step;
    private long savedStep = -1;
    private long tokens;
    private double elapsedSeconds;
    private int skipsInARow;

    /** What is done as soon as the last step is, before anything that could still fail. */
    @FunctionalInterface
    public interface AtEnd {

        /**
         * Keeps the model.
         *
         * @throws IOException if writing fails
         */
        void run() throws IOException;
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
        if (config.precision() == Precision.BFLOAT16) {
            DeviceSupport.requireBfloat16(device);
        }
        this.config = config;
        this.data = data;
        this.observer = observer;
        checkpoints = new CheckpointStore(checkpointFolder, config.checkpoint().keepLast(),
                config.checkpoint().keepEverySteps());
        try {
            training = resources.add(data.sequences(Split.TRAIN, config.data().sequenceLength()));
            validation = resources.add(Validation.open(config, data));
            batches = new BatchSource(training, config.data().seed(), 0);
            PassChoice choice = PassChoice.of(config, device);
            block = ModelSetup.model(config, data.manifest(), choice);
            evaluation = prepareEvaluation();
            probes = TextProbes.prepare(config, data, observer::note);
            expertLoad = resources.add(new ExpertLoadMeter(device));
            schedule = ScheduleSetup.schedule(config);
            work = resources.add(new TrainingStep(config, choice, block, device, schedule, config.training().steps(),
                    new TrainingStep.Watch(PartObserver.NONE, observer::note, List.of(expertLoad))));
            work.prepare();
            flopsPerToken = ModelFlops.trainingPerToken(block.getConfig(), config.data().sequenceLength());
            peakFlops = PeakFlops.of(config, device);
        } catch (Throwable e) {
            resources.closeAfter(e);
            throw e;
        }
    }

    /** Checks also the sample's prompt, for it needs the tokenizer, too. */
    private Optional<TaskEvaluation> prepareEvaluation() throws IOException {
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
        return block;
    }

    /**
     * Which way the passes run.
     *
     * @return the choice
     */
    public PassChoice getPassChoice() {
        return work.choice();
    }

    /**
     * What the device can do at most.
     *
     * @return floating-point operations a second; empty if that is not known
     */
    public OptionalDouble getPeakFlops() {
        return peakFlops;
    }

    /**
     * Takes up the newest whole checkpoint.
     *
     * @return the step that was restored, 0 if there is no checkpoint
     * @throws InvalidInputException if the checkpoint belongs to other data or another model
     * @throws IOException if reading fails
     */
    public long resume() throws IOException {
        Optional<CheckpointStore.Checkpoint> newest = checkpoints.newest(observer::note);
        if (newest.isEmpty()) {
            return 0;
        }
        CheckpointStore.Checkpoint checkpoint = newest.get();
        TrainingState state = checkpoint.state();
        work.pause();
        List<String> changes = Continuation.changes(checkpoint.folder(), state, config, data.manifest().fingerprint());
        try (SafetensorsFile weights = SafetensorsFile.open(checkpoint.model());
                SafetensorsFile moments = SafetensorsFile.open(checkpoint.optimizer())) {
            work.restore(state.updates(), CheckpointTensors.restore(block, work.values(), weights, moments, work.manager()));
        }
        step = state.step();
        savedStep = step;
        tokens = state.tokens();
        elapsedSeconds = state.elapsedSeconds();
        batches = new BatchSource(training, config.data().seed(), tokens / training.length());
        unrecorded = Optional.of(state.unrecorded()).filter(line -> !line.isEmpty()).map(StepMetrics::ofLine);
        changes.forEach(change -> observer.note("from step " + (step + 1) + " on, " + change));
        return step;
    }

    /**
     * Runs all steps that are still to do, with validation, scored tasks, samples and checkpoints at their intervals and at the
     * end. The last step's checkpoint comes before all that measures it, so that no failure there costs what was learned.
     *
     * @param stop asked after every step whether to write a checkpoint and leave; also asked while tasks are scored
     * @param atEnd what follows the last checkpoint at once
     * @return whether the last step was reached
     * @throws TrainingFailedException if the loss stays without a finite value
     * @throws InvalidInputException if the data changes meanwhile, or a checkpoint cannot be written for lack of space
     * @throws IOException if reading or writing fails
     */
    public boolean run(BooleanSupplier stop, AtEnd atEnd) throws IOException {
        long last = config.training().steps();
        observer.started(step + 1, last);
        validation.notes().forEach(observer::note);
        if (step == last) {
            atEnd.run();
        }
        if (unrecorded.isPresent() && !observer.hasStep(step)) { // killed after its last checkpoint
            measure(unrecorded.get(), true, stop);
        }
        while (step < last) {
            if (stop.getAsBoolean()) {
                if (savedStep != step) {
                    checkpoint("");
                }
                return false;
            }
            StepMetrics.Builder metrics = step();
            boolean end = step == last;
            if (end) {
                checkpoint(metrics.setTimeSeconds(elapsedSeconds).build().toLine());
                atEnd.run();
            }
            measure(metrics, end, stop);
            if (!end && isDue(config.checkpoint().everySteps(), false)) {
                checkpoint("");
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
        return run(stop, () -> { });
    }

    /** What is due after a step. Its metrics are told last: with them the step is complete. */
    private void measure(StepMetrics.Builder metrics, boolean end, BooleanSupplier stop) throws IOException {
        if (isDue(config.validation().everySteps(), end) && !validation.isEmpty()) {
            work.pause();
            metrics.optHeldOut(validate());
        }
        if (isDue(config.validation().everySteps(), end) && !config.validation().probeNames().isEmpty()) {
            work.pause();
            probe(stop);
        }
        if (isDue(config.evaluation().everySteps(), end) && evaluation.isPresent()) {
            work.pause();
            metrics.optTaskScores(scoreTasks(evaluation.get(), stop));
        }
        if (isDue(config.sample().everySteps(), end)) {
            work.pause();
            sample();
        }
        observer.step(metrics.setTimeSeconds(elapsedSeconds).build());
    }

    private boolean isDue(int everySteps, boolean end) {
        return end || everySteps > 0 && step % everySteps == 0;
    }

    private StepMetrics.Builder step() throws IOException {
        long start = System.nanoTime();
        step++;
        // the engine's randomness (dropout) depends on seed and step alone, so that a resumed run draws the same
        work.manager().getEngine().setRandomSeed(Math.floorMod(config.seed() * 1_000_003 + step, Integer.MAX_VALUE));
        work.begin();
        for (int i = 0; i < config.training().gradientAccumulationSteps(); i++) {
            TokenBatch tokenBatch = batches.next(config.training().microBatch());
            try (Batch batch = batch(work.trainer().getManager(), tokenBatch)) {
                work.add(batch);
            }
        }
        StepUpdate.Outcome outcome = work.finish();
        if (outcome.skipped()) {
            skip(outcome);
        } else {
            skipsInARow = 0;
        }
        tokens += config.tokensPerStep();
        double seconds = (System.nanoTime() - start) / 1e9;
        elapsedSeconds += seconds;
        LossValues loss = outcome.loss();
        StepMetrics.Builder metrics = StepMetrics.builder().setStep(step).setTokens(tokens)
                .setLosses(loss.languageModel(), loss.loadBalancing(), loss.routerZ()).setGradientNorm(outcome.norm())
                .setLearningRate(schedule.learningRate(Math.max(1, work.updates())))
                .setTokensPerSecond(config.tokensPerStep() / seconds).optExpertLoad(expertLoad.read());
        peakFlops.ifPresent(peak -> metrics.optUtilisation(config.tokensPerStep() / seconds * flopsPerToken / peak));
        ProcessMemory.residentBytes().ifPresent(bytes -> metrics.optMemoryMb(bytes / 1048576.0));
        Device device = work.manager().getDevice();
        if (device.isGpu()) {
            metrics.optGpuMemoryMb(CudaUtils.getGpuMemory(device).getCommitted() / 1048576.0);
        }
        return metrics;
    }

    private void skip(StepUpdate.Outcome outcome) {
        skipsInARow++;
        observer.note("step " + step + " is skipped: loss " + outcome.loss().total() + ", gradient norm " + outcome.norm());
        if (skipsInARow == SKIPS_IN_A_ROW) {
            throw new TrainingFailedException("the loss or a gradient was not finite in " + SKIPS_IN_A_ROW
                    + " steps in a row, the last of them step " + step
                    + ": lower optimizer.peak_lr or training.max_grad_norm and resume from an earlier checkpoint");
        }
    }

    private Batch batch(NDManager parent, TokenBatch tokenBatch) {
        NDManager manager = parent.newSubManager();
        Shape shape = new Shape(tokenBatch.size(), tokenBatch.length());
        NDList inputs = new NDList(manager.create(tokenBatch.inputs(), shape));
        if (config.data().documentMask()) {
            inputs.add(manager.create(tokenBatch.documents(data.manifest().tokenizer().eosId()), shape));
        }
        return new Batch(manager, inputs, new NDList(manager.create(tokenBatch.targets(), shape)), tokenBatch.size(),
                new StackBatchifier(), new StackBatchifier(), 0, 1);
    }

    private Map<String, HeldOutLoss> validate() throws IOException {
        long start = System.nanoTime();
        Map<String, HeldOutLoss> losses = validation.measure(block.withLayoutLength(config.validation().layout().of(block.getConfig())),
                work.manager());
        elapsedSeconds += (System.nanoTime() - start) / 1e9;
        return losses;
    }

    /** A probe that gives nothing is no reason to lose a run. */
    private void probe(BooleanSupplier stop) throws IOException {
        long start = System.nanoTime();
        List<ProbeResult> results = new ArrayList<>();
        try (Tokenizer tokenizer = data.tokenizer()) {
            results.addAll(probes.run(block, work.manager(), tokenizer, stop));
            if (config.validation().probeNames().contains(ProbeName.TASKS)) {
                results.addAll(evaluation.orElseThrow().probe(block, work.manager(), tokenizer, stop));
            }
        } catch (CancellationException e) {
            observer.note("step " + step + ": the model was not probed to the end, for the run was asked to stop");
            return;
        } catch (InvalidInputException | IOException e) {
            observer.note("step " + step + ": the model could not be probed, training goes on: " + e.getMessage());
            return;
        } finally {
            elapsedSeconds += (System.nanoTime() - start) / 1e9;
        }
        observer.probed(step, results);
    }

    /** The tasks' data may be gone or changed: that is no reason to lose a run. */
    private Map<String, Map<String, Double>> scoreTasks(TaskEvaluation tasks, BooleanSupplier stop) throws IOException {
        long start = System.nanoTime();
        try (Tokenizer tokenizer = data.tokenizer()) {
            return tasks.score(block, work.manager(), tokenizer, stop);
        } catch (CancellationException e) {
            observer.note("step " + step + ": the tasks were not scored to the end, for the run was asked to stop");
        } catch (InvalidInputException | IOException e) {
            observer.note("step " + step + ": the tasks could not be scored, training goes on: " + e.getMessage());
        } finally {
            elapsedSeconds += (System.nanoTime() - start) / 1e9;
        }
        return Map.of();
    }

    /** A text that cannot be drawn is no reason to lose a run. */
    private void sample() throws IOException {
        SampleConfig sample = config.sample();
        if (!sample.asksForText()) {
            return;
        }
        String text;
        try (Tokenizer tokenizer = data.tokenizer()) {
            long[] prompt = Arrays.stream(tokenizer.encode(sample.prompt())).asLongStream().toArray();
            long[] generated = TextGenerator.builder().setModel(block, work.manager())
                    .optSampling(new Sampling(sample.temperature(), sample.topK(), sample.topP(), config.seed()))
                    .optMaxNewTokens(sample.tokens()).build().generate(prompt);
            text = tokenizer.decode(Arrays.stream(generated).mapToInt(Math::toIntExact).toArray());
        } catch (RuntimeException e) {
            observer.note("step " + step + ": no text could be sampled, the run goes on: " + e.getMessage());
            return;
        }
        observer.sampled(step, sample.prompt(), text);
    }

    /**
     * Writes a checkpoint.
     *
     * @param line the step's metrics if they are not told yet, else empty
     */
    private void checkpoint(String line) throws IOException {
        work.pause();
        Path written = checkpoints.save(new TrainingState(TrainingState.VERSION, step, work.updates(), tokens, elapsedSeconds,
                data.manifest().fingerprint(), RunConfigWriter.settings(config), line), CheckpointTensors.weights(block, work.values()),
                CheckpointTensors.moments(block, work.moments()));
        savedStep = step;
        observer.checkpointed(step, written);
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
        work.pause();
        try (Tokenizer tokenizer = data.tokenizer()) {
            AtomicFolder.write(folder, whole -> {
                HuggingFaceFolder.write(block, work.values(), whole, TensorType.F32, HuggingFaceFolder.DEFAULT_SHARD_BYTES);
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
