package ai.spattention.train.loop.step;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.spattention.olmoe.checkpoint.ParameterValues;
import ai.spattention.olmoe.loss.LossMeter;
import ai.spattention.olmoe.loss.LossValues;
import ai.spattention.segment.NoGradient;
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.optim.AdamW;
import ai.spattention.train.optim.FlatLayout;
import ai.spattention.train.optim.GradientNorm;
import ai.spattention.train.optim.Gradients;
import ai.spattention.train.optim.MomentSlice;
import ai.spattention.train.optim.SavedMoments;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The update where blocks compute: gradients are DJL's. */
final class BlockUpdate implements StepUpdate {

    private final AdamW optimizer;
    private final Collectives collectives;
    private final FlatLayout layout;
    private final BlockGradients gradients;
    private final int microBatches;
    private final double maxNorm;
    private final NDManager views;
    private NDManager told;

    /**
     * Creates the update.
     *
     * @param parameters the model's
     * @param optimizer the optimizer, which closing this closes
     * @param ranks who learns together, and what they share out
     * @param manager owns what is needed beside weights and gradients
     * @param microBatches those of a step on all ranks together
     * @param maxNorm the largest norm that stays as it is; 0 for no clipping
     */
    BlockUpdate(List<Parameter> parameters, AdamW optimizer, Ranks ranks, NDManager manager, int microBatches, double maxNorm) {
        this.optimizer = optimizer;
        this.microBatches = microBatches;
        this.maxNorm = maxNorm;
        collectives = ranks.collectives();
        views = manager.newSubManager();
        List<Parameter> trained = Gradients.trained(parameters);
        layout = new FlatLayout(trained, collectives.size());
        gradients = switch (ranks.shard()) {
            case NONE -> new WholeGradients(trained, layout, collectives, manager);
            case OPTIMIZER -> new SlicedGradients(trained, new GradientSlice(layout, collectives, manager));
            case GRADIENTS -> new PassingGradients(trained, new GradientSlice(layout, collectives, manager));
        };
    }

    @Override
    public void prepare() {
        // the engine takes memory as it goes
    }

    @Override
    public void begin() {
        gradients.begin();
    }

    @Override
    public void beforeBackward() {
        gradients.beforeBackward();
    }

    @Override
    public void afterBackward() {
        gradients.afterBackward();
    }

    @Override
    public StepOutcome update(LossMeter losses) {
        gradients.sum();
        double norm = GradientNorm.of(layout, collectives, gradients::of) / microBatches;
        LossValues loss = RankLosses.mean(losses, collectives);
        boolean skipped = !Double.isFinite(norm) || !Double.isFinite(loss.total());
        if (!skipped) {
            double factor = 1.0 / microBatches;
            update(maxNorm > 0 && norm > maxNorm ? factor * maxNorm / norm : factor);
            gradients.share();
        }
        return new StepOutcome(loss, norm, skipped);
    }

    private void update(double factor) {
        optimizer.nextStep();
        try (NoGradient updating = new NoGradient(); NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDList sums = new NDList();
            List<FlatLayout.Fragment> parts = gradients.updated();
            parts.forEach(part -> sums.add(gradients.of(part)));
            sums.attach(scope);
            Gradients.scale(sums, factor);
            for (int i = 0; i < parts.size(); i++) {
                try (NDArray weights = parts.get(i).of(parts.get(i).parameter().getArray())) {
                    optimizer.update(parts.get(i).parameter().getId(), weights, sums.get(i));
                }
            }
        }
    }

    @Override
    public List<Parameter> notFinite() {
        return gradients.updated().stream().filter(part -> {
            try (NDArray gradient = gradients.of(part)) {
                return !Gradients.areFinite(gradient);
            }
        }).map(FlatLayout.Fragment::parameter).distinct().toList();
    }

    @Override
    public long updates() {
        return optimizer.getStep();
    }

    @Override
    public List<MomentSlice> moments() {
        if (told != null) {
            told.close();
        }
        told = views.newSubManager();
        Map<String, AdamW.Moments> own = optimizer.getMoments();
        List<MomentSlice> slices = new ArrayList<>();
        for (FlatLayout.Fragment part : layout.fragments(collectives.rank())) {
            AdamW.Moments moments = own.get(part.parameter().getId());
            if (moments != null) {
                slices.add(new MomentSlice(part.parameter().getId(), part.begin(), part.end(),
                        new AdamW.Moments(view(part, moments.mean()), view(part, moments.variance()))));
            }
        }
        return slices;
    }

    /** A part of the state of the parameter, or of the part of it that this rank updates. */
    private NDArray view(FlatLayout.Fragment part, NDArray moment) {
        NDArray view = moment.size() == part.size() ? moment.reshape(part.shape()) : part.of(moment);
        view.attach(told);
        return view;
    }

    @Override
    public void restore(long updates, SavedMoments moments) {
        optimizer.restore(updates, gradients.updated(), moments);
    }

    @Override
    public ParameterValues values() {
        return ParameterValues.PLAIN;
    }

    @Override
    public void close() {
        optimizer.close();
        gradients.close();
        views.close();
    }
}
