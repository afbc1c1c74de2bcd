package ai.spattention.train.optim;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.optimizer.Optimizer;
import ai.spattention.Precision;
import ai.spattention.torch.Bfloat16;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * AdamW (arXiv 1711.05101) with decoupled weight decay on chosen parameters, one fused in-place update a parameter.
 *
 * <p>Update t of a weight w with gradient g: m = β₁ m + (1 - β₁) g, v = β₂ v + (1 - β₂) g², w = w - η λ w - η m̂ / (√v̂ + ε) with
 * m̂ = m / (1 - β₁ᵗ), v̂ = v / (1 - β₂ᵗ).
 */
public final class AdamW extends Optimizer implements AutoCloseable {

    private final Settings settings;
    private final Schedule schedule;
    private final Set<String> decayed;
    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    private final Map<String, Moments> moments = new LinkedHashMap<>();
    private long step;

    /**
     * The constants of the method.
     *
     * @param beta1 β₁, the decay of the mean
     * @param beta2 β₂, the decay of the variance
     * @param epsilon ε
     * @param weightDecay λ
     * @param statePrecision the type in which m and v are kept between updates
     */
    public record Settings(double beta1, double beta2, double epsilon, double weightDecay, Precision statePrecision) {}

    /**
     * The state of one parameter, in its shape, or of a part of it, [n].
     *
     * @param mean m
     * @param variance v
     */
    public record Moments(NDArray mean, NDArray variance) {}

    /**
     * Creates the optimizer.
     *
     * @param settings the constants
     * @param schedule the learning rate by step
     * @param decayed the ids ({@link ai.djl.nn.Parameter#getId()}) of the parameters that decay
     */
    public AdamW(Settings settings, Schedule schedule, Set<String> decayed) {
        super(new Constants());
        this.settings = settings;
        this.schedule = schedule;
        this.decayed = Set.copyOf(decayed);
    }

    /** DJL's base class wants a builder with the constants that it knows. */
    private static final class Constants extends OptimizerBuilder<Constants> {

        Constants() {
            optWeightDecays(0); // the optimizer decays by itself
        }

        @Override
        protected Constants self() {
            return this;
        }
    }

    /** Begins the next step: every parameter is then updated once. */
    public void nextStep() {
        step++;
    }

    /**
     * The number of the current step.
     *
     * @return 0 before the first {@link #nextStep()}
     */
    public long getStep() {
        return step;
    }

    @Override
    public void update(String parameterId, NDArray weight, NDArray gradient) {
        Moments state = moments.computeIfAbsent(parameterId, id -> zeros(weight));
        double decay = decayed.contains(parameterId) ? settings.weightDecay : 0;
        try (NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray number = scope.create((float) step).toDevice(weight.getDevice(), false);
            number.attach(scope);
            // the first argument's manager, which receives the result, is the weight's: closed here
            String method = settings.statePrecision == Precision.BFLOAT16 ? "adamw_bfloat16" : "adamw";
            OptimOperators.module().call(method, new NDList(weight), new NDList(gradient),
                    new NDList(state.mean), new NDList(state.variance), new NDList(number), schedule.learningRate(step),
                    settings.beta1, settings.beta2, decay, settings.epsilon).close();
        }
    }

    private Moments zeros(NDArray weight) {
        NDManager owner = manager.newSubManager(weight.getDevice());
        return new Moments(zeros(owner, weight.getShape()), zeros(owner, weight.getShape()));
    }

    private NDArray zeros(NDManager owner, Shape shape) {
        return kept(owner.zeros(shape, DataType.FLOAT32));
    }

    /** An array of float32 in the type of the state. */
    private NDArray kept(NDArray exact) {
        if (settings.statePrecision == Precision.FLOAT32) {
            return exact;
        }
        try (exact) {
            return Bfloat16.of(exact);
        }
    }

    /**
     * The state of what was updated so far, for a checkpoint.
     *
     * @return moments by parameter id, in the shapes that were updated; the arrays stay the optimizer's
     */
    public Map<String, Moments> getMoments() {
        return Map.copyOf(moments);
    }

    /**
     * Continues from a checkpoint.
     *
     * @param completedSteps the steps done
     * @param parts the parts of parameters that are updated here
     * @param saved the checkpoint's moments
     */
    public void restore(long completedSteps, List<FlatLayout.Fragment> parts, SavedMoments saved) {
        step = completedSteps;
        moments.clear();
        for (FlatLayout.Fragment part : parts) {
            String id = part.parameter().getId();
            saved.read(id, part.begin(), part.end()).ifPresent(state -> moments.put(id,
                    new Moments(restored(state.mean, part.shape()), restored(state.variance, part.shape()))));
        }
    }

    /** A copy: what was read may lie in memory that is not libtorch's. */
    private NDArray restored(NDArray exact, Shape shape) {
        try (exact; NDArray shaped = exact.reshape(shape)) {
            NDArray own = kept(shaped.duplicate());
            own.attach(manager);
            return own;
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}
