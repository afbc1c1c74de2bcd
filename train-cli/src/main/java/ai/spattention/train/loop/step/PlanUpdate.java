package ai.spattention.train.loop.step;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.olmoe.checkpoint.ParameterValues;
import ai.spattention.olmoe.loss.LossMeter;
import ai.spattention.olmoe.pass.PassShape;
import ai.spattention.olmoe.pass.PlannedModel;
import ai.spattention.olmoe.pass.TrainingPass;
import ai.spattention.plan.Plan;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.optim.FlatAdamW;
import ai.spattention.train.optim.FlatSums;
import ai.spattention.train.optim.Gradients;
import ai.spattention.train.optim.MomentSlice;
import ai.spattention.train.optim.SavedMoments;
import java.util.List;

/** The update where passes are planned: everything is put on the stream, and the host reads at its end how it went. */
final class PlanUpdate implements StepUpdate {

    private final PlannedModel model;
    private final TrainingPass pass;
    private final Collectives collectives;
    private final FlatSums gradients;
    private final Passes passes;
    private final NDManager manager;
    private final FlatAdamW.Settings settings;
    private FlatAdamW optimizer;

    /**
     * What passes there are.
     *
     * @param shapes of a step's micro-batches
     * @param giveBackBetweenSteps whether others lack the passes' memory between steps
     */
    record Passes(List<PassShape> shapes, boolean giveBackBetweenSteps) {}

    /**
     * Creates the update; closing it closes the passes, too.
     *
     * @param model the model
     * @param pass its passes
     * @param collectives who learns together
     * @param gradients their sums, which closing this closes
     * @param passes what passes there are
     * @param manager owns the optimizer's state
     * @param settings the optimizer's settings
     */
    PlanUpdate(PlannedModel model, TrainingPass pass, Collectives collectives, FlatSums gradients, Passes passes, NDManager manager,
            FlatAdamW.Settings settings) {
        this.model = model;
        this.pass = pass;
        this.collectives = collectives;
        this.gradients = gradients;
        this.passes = passes;
        this.manager = manager;
        this.settings = settings;
    }

    /** Made when it is needed: a benchmark of passes alone has no memory for its state. */
    private FlatAdamW optimizer() {
        if (optimizer == null) {
            optimizer = new FlatAdamW(gradients, CudaTarget.of(pass.stream().device()), manager, settings);
        }
        return optimizer;
    }

    @Override
    public void prepare() {
        optimizer().prepare();
        preparePasses();
    }

    /** Their memory, too, where it was given back. */
    private void preparePasses() {
        pass.prepare(passes.shapes.toArray(PassShape[]::new));
    }

    @Override
    public void pause() {
        if (passes.giveBackBetweenSteps) {
            pass.release();
        }
    }

    @Override
    public void begin() {
        preparePasses();
        model.beginStep();
    }

    /** The passes alone: what other ranks have still to send is no work of this one. */
    @Override
    public void await(LossMeter losses) {
        pass.synchronize();
    }

    @Override
    public StepOutcome update(LossMeter losses) {
        collectives.allReduce(losses.sums()); // a loss that is not finite on one rank is then on all
        optimizer().update(pass.stream(), losses.sums());
        FlatAdamW.Outcome outcome = optimizer.outcome();
        return new StepOutcome(RankLosses.ofSums(losses, collectives), outcome.norm(), outcome.skipped());
    }

    @Override
    public List<Parameter> notFinite() {
        return pass.weights().sections().stream().filter(section -> !section.isSplit() || pass.weights().windows().isEmpty())
                .flatMap(section -> section.parameters().stream().filter(parameter -> {
                    try (NDArray gradient = section.part(section.gradientArray(), parameter)) {
                        return !Gradients.areFinite(gradient);
                    }
                })).toList();
    }

    @Override
    public long updates() {
        return optimizer().getStep();
    }

    @Override
    public List<MomentSlice> moments() {
        return optimizer().getMoments();
    }

    @Override
    public void restore(long updates, SavedMoments moments) {
        optimizer().restore(updates, moments);
    }

    @Override
    public ParameterValues values() {
        return pass.weights();
    }

    @Override
    public List<Plan.StepTime> profile() {
        return pass.profile(passes.shapes.get(0));
    }

    @Override
    public void close() {
        try (pass; gradients) { // also where the optimizer cannot be closed
            if (optimizer != null) {
                optimizer.close();
            }
        }
    }
}
