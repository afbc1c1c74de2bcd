package ai.spattention.train.loop.step;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.listener.TrainingListener;
import ai.spattention.olmoe.checkpoint.HuggingFaceNames;
import ai.spattention.olmoe.checkpoint.ParameterValues;
import ai.spattention.olmoe.io.Resources;
import ai.spattention.olmoe.loss.LossMeter;
import ai.spattention.olmoe.loss.LossParts;
import ai.spattention.olmoe.loss.OlmoeLoss;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.pass.PlannedModel;
import ai.spattention.olmoe.pass.TrainingPass;
import ai.spattention.plan.Plan;
import ai.spattention.segment.PartObserver;
import ai.spattention.segment.SegmentedBlock;
import ai.spattention.segment.SegmentedTrainer;
import ai.spattention.train.config.OptimizerConfig;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.ShardMode;
import ai.spattention.train.loop.setup.PassChoice;
import ai.spattention.train.optim.AdamW;
import ai.spattention.train.optim.CudaLanes;
import ai.spattention.train.optim.FlatAdamW;
import ai.spattention.train.optim.FlatSums;
import ai.spattention.train.optim.MomentSlice;
import ai.spattention.train.optim.PassingSums;
import ai.spattention.train.optim.SavedMoments;
import ai.spattention.train.optim.Schedule;
import ai.spattention.train.optim.SectionShares;
import ai.spattention.train.optim.WholeSums;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * The optimizer step of a model in training: micro-batches, whose gradients accumulate, and one update by their clipped mean, which is
 * skipped where a loss or a gradient is not finite. Passes run by the model's blocks or as a plan, as is chosen once, when the step is
 * made; DJL's Trainer drives both.
 *
 * <pre>{@code
 * step.begin();
 * for (MicroBatch batch : microBatches) {
 *     step.accumulate(batch);
 * }
 * StepOutcome outcome = step.update();
 * }</pre>
 */
public final class TrainStep implements AutoCloseable {

    private final Resources resources = new Resources();
    private final PassChoice choice;
    private final NDManager manager;
    private final LossMeter losses;
    private final StepUpdate update;
    private final Trainer trainer;
    private final OlmoeModel block;

    /**
     * What else is told of a step's passes.
     *
     * @param parts is told when parts of a pass run
     * @param notes gets a line that a person should know
     * @param listeners are told of batches, as by any Trainer
     */
    public record Watch(PartObserver parts, Consumer<String> notes, List<TrainingListener> listeners) {}

    /**
     * Sets a step up.
     *
     * @param config the run's configuration
     * @param choice which way passes go there
     * @param block the model, not initialised
     * @param device where to compute
     * @param schedule the learning rate by update
     * @param mostUpdates how many updates there will be at most
     * @param watch what is told of the passes
     */
    public TrainStep(RunConfig config, PassChoice choice, OlmoeModel block, Device device, Schedule schedule, long mostUpdates,
            Watch watch) {
        this(config, choice, block, device, schedule, mostUpdates, watch, Ranks.SINGLE);
    }

    /**
     * Sets a step of several processes up.
     *
     * @param config the run's configuration
     * @param choice which way passes go there
     * @param block the model, not initialised
     * @param device where to compute
     * @param schedule the learning rate by update
     * @param mostUpdates how many updates there will be at most
     * @param watch what is told of the passes
     * @param ranks the processes, all of which begin, accumulate as many micro-batches each, and update together
     */
    public TrainStep(RunConfig config, PassChoice choice, OlmoeModel block, Device device, Schedule schedule, long mostUpdates,
            Watch watch, Ranks ranks) {
        this.choice = choice;
        this.block = block;
        int microBatches = config.training().gradientAccumulationSteps();
        Shape shape = new Shape(config.training().microBatch(), config.data().sequenceLength());
        try {
            Model model = resources.add(Model.newInstance(config.name(), device, "PyTorch"));
            manager = model.getNDManager();
            losses = new LossMeter(manager);
            DefaultTrainingConfig training = new DefaultTrainingConfig(new OlmoeLoss(config.training().loadBalancingLossWeight(),
                    config.training().routerZLossWeight(), this::lossComputed)).optDevices(new Device[] {device})
                    .addTrainingListeners(watch.listeners.toArray(TrainingListener[]::new));
            if (choice.whyBlocks().isEmpty()) {
                block.freezeParameters(true); // gradients are the pass's own; no memory must be taken for others
            }
            block.initialize(manager, model.getDataType(), shape);
            List<Parameter> parameters = block.getParameters().values();
            if (choice.whyBlocks().isPresent()) {
                AdamW optimizer = new AdamW(settings(config.optimizer()), schedule, decayed(parameters));
                update = resources.add(new BlockUpdate(parameters, optimizer, ranks, manager, microBatches,
                        config.training().maxGradNorm()));
                model.setBlock(new SegmentedBlock(block, watch.parts));
                training.optOptimizer(optimizer);
            } else {
                SectionShares shares = new SectionShares(ranks.collectives(), ranks.shard() != ShardMode.NONE);
                boolean isPassing = ranks.shard() == ShardMode.GRADIENTS;
                TrainingPass pass = TrainingPass.adopting(block, manager, isPassing ? shares::passingWeights : shares::weights);
                FlatSums gradients = sums(config, pass, shares, ranks);
                PlannedModel planned = new PlannedModel(block, pass, choice.checkpointing().kept(), choice.start(), watch.notes, gradients);
                PlanUpdate.Passes passes = new PlanUpdate.Passes(PassChoice.shapes(config, choice.checkpointing().kept(), ranks.size()),
                        choice.checkpointing().givesBackBetweenSteps());
                update = resources.add(new PlanUpdate(planned, pass, ranks.collectives(), gradients, passes, manager,
                        new FlatAdamW.Settings(settings(config.optimizer()), schedule, mostUpdates, microBatches,
                                config.training().maxGradNorm())));
                model.setBlock(new SegmentedBlock(planned, watch.parts));
            }
            trainer = resources.add(new SegmentedTrainer(model, training));
            trainer.initialize(shape);
        } catch (Throwable e) {
            resources.closeAfter(e);
            throw e;
        }
    }

    private FlatSums sums(RunConfig config, TrainingPass pass, SectionShares shares, Ranks ranks) {
        CudaLanes lanes = new CudaLanes(pass.stream(), ranks.collectives());
        if (ranks.shard() == ShardMode.GRADIENTS) {
            return new PassingSums(pass.weights(), shares, lanes, manager);
        }
        return config.distributed().overlap()
                ? WholeSums.behindPasses(pass.weights(), shares, lanes, config.training().gradientAccumulationSteps() / ranks.size())
                : WholeSums.atTheEnd(pass.weights(), shares, lanes);
    }

    /** Between a micro-batch's forward and backward pass. */
    private void lossComputed(LossParts parts) {
        losses.accept(parts);
        update.beforeBackward();
    }

    private static AdamW.Settings settings(OptimizerConfig config) {
        return new AdamW.Settings(config.beta1(), config.beta2(), config.epsilon(), config.weightDecay(), config.statePrecision());
    }

    /** Matrices decay; norms and biases do not. */
    private static Set<String> decayed(List<Parameter> parameters) {
        return parameters.stream().filter(parameter -> parameter.getType() == Parameter.Type.WEIGHT)
                .map(Parameter::getId).collect(Collectors.toSet());
    }

    /**
     * Which way passes run.
     *
     * @return the choice
     */
    public PassChoice choice() {
        return choice;
    }

    /**
     * The memory on the step's device.
     *
     * @return the manager, which lives as long as the step
     */
    public NDManager manager() {
        return manager;
    }

    /**
     * The weights.
     *
     * @return where their exact values are read and written
     */
    public ParameterValues values() {
        return update.values();
    }

    /** Takes the memory that a whole step needs, so that what does not fit fails now. */
    public void prepare() {
        update.prepare();
    }

    /** Says that something else is about to run on the device, until the next step begins: a validation, or the writing of a checkpoint. */
    public void pause() {
        update.pause();
    }

    /** Begins a step. */
    public void begin() {
        update.begin();
    }

    /**
     * The forward and backward pass of a micro-batch, whose gradients are added to those of the step.
     *
     * @param microBatch the token ids, with their documents where the configuration has a document mask
     */
    public void accumulate(MicroBatch microBatch) {
        try (Batch batch = microBatch.on(trainer.getManager())) {
            EasyTrain.trainBatch(trainer, batch);
        }
        update.afterBackward();
    }

    /** Waits until the device has computed all passes. */
    public void await() {
        update.await(losses);
    }

    /**
     * Updates the weights by the mean of the micro-batches' gradients, clipped, or skips that. Waits for the device, and for all ranks.
     *
     * @return what the step was
     */
    public StepOutcome update() {
        return update.update(losses);
    }

    /**
     * Where the gradients of an update that was skipped were not finite.
     *
     * @return the names, as checkpoints of Hugging Face have them (of experts' matrices the first expert's), of parameters that this rank
     *     updates, as far as their gradients still have memory; waits for the device
     */
    public List<String> notFinite() {
        List<Parameter> parameters = update.notFinite();
        Map<Parameter, String> names = new IdentityHashMap<>();
        HuggingFaceNames.of(block).forEach(slot -> names.putIfAbsent(slot.parameter(), slot.name()));
        return parameters.stream().map(parameter -> names.getOrDefault(parameter, parameter.getName())).toList();
    }

    /**
     * Measures a planned pass by the GPU's own clock, after one has run. It adds to the gradients or writes over them, as a pass does.
     *
     * @return each launch's time in order, forward and backward; none where passes run by blocks
     */
    public List<Plan.StepTime> profile() {
        return update.profile();
    }

    /**
     * How many updates there were, skipped ones not counted.
     *
     * @return 0 before the first
     */
    public long updates() {
        return update.updates();
    }

    /**
     * The optimizer's state that this rank keeps.
     *
     * @return parts of parameters, all ranks' together of every parameter once; the arrays stay the optimizer's, until this is called again
     */
    public List<MomentSlice> moments() {
        return update.moments();
    }

    /**
     * Takes up the state of a checkpoint.
     *
     * @param updates how many updates there were
     * @param moments the checkpoint's moments
     */
    public void restore(long updates, SavedMoments moments) {
        update.restore(updates, moments);
    }

    @Override
    public void close() {
        try {
            resources.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
