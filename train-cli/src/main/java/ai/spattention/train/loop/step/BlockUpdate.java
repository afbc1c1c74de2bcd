package ai.spattention.train.loop.step;

import ai.djl.nn.Parameter;
import ai.djl.training.Trainer;
import ai.spattention.olmoe.checkpoint.ParameterValues;
import ai.spattention.olmoe.loss.LossMeter;
import ai.spattention.olmoe.loss.LossValues;
import ai.spattention.train.optim.AdamW;
import ai.spattention.train.optim.Gradients;
import ai.spattention.train.optim.MomentSlice;
import ai.spattention.train.optim.SavedMoments;
import java.util.List;

/** The update where blocks compute: gradients are DJL's, and the Trainer goes through the parameters. */
final class BlockUpdate implements StepUpdate {

    private final List<Parameter> parameters;
    private final AdamW optimizer;
    private final int microBatches;
    private final double maxNorm;
    private boolean hasGradients;

    BlockUpdate(List<Parameter> parameters, AdamW optimizer, int microBatches, double maxNorm) {
        this.parameters = parameters;
        this.optimizer = optimizer;
        this.microBatches = microBatches;
        this.maxNorm = maxNorm;
    }

    @Override
    public void prepare() {
        // the engine takes memory as it goes
    }

    @Override
    public void begin() {
        if (hasGradients) { // before the first pass the engine has no memory for them
            Gradients.zero(parameters);
        }
        hasGradients = true;
    }

    @Override
    public StepOutcome update(Trainer trainer, LossMeter losses) {
        double norm = Gradients.finish(parameters, microBatches, maxNorm);
        LossValues loss = losses.read();
        boolean skipped = !Double.isFinite(norm) || !Double.isFinite(loss.total());
        if (!skipped) {
            optimizer.nextStep();
            trainer.step();
        }
        return new StepOutcome(loss, norm, skipped);
    }

    @Override
    public long updates() {
        return optimizer.getStep();
    }

    @Override
    public List<MomentSlice> moments() {
        return optimizer.getMoments();
    }

    @Override
    public void restore(long updates, SavedMoments saved) {
        optimizer.restore(updates, parameters, saved);
    }

    @Override
    public ParameterValues values() {
        return ParameterValues.PLAIN;
    }

    @Override
    public void close() {
        optimizer.close();
    }
}
