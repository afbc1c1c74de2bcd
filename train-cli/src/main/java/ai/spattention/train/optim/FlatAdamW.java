package ai.spattention.train.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.spattention.Precision;
import ai.spattention.adamw.AdamWSteps;
import ai.spattention.cuda.CudaStream;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TensorView;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.olmoe.pass.FlatWeights;
import ai.spattention.plan.Plan;
import ai.spattention.plan.PlanBuilder;
import ai.spattention.plan.Tensor;
import ai.spattention.segment.NoGradient;
import ai.spattention.torch.Bfloat16;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@link AdamW} over flat weights on a GPU: division of the gradients by the number of micro-batches, their norm, clipping, the choice
 * of the learning rate, and the skipping of an update whose loss or norm is not finite are all decided on the device, so that nothing
 * waits for the host.
 */
public final class FlatAdamW implements AutoCloseable {

    private static final String UPDATE = "update";

    private final NDManager manager;
    private final List<Parameter> parameters;
    private final Map<String, AdamW.Moments> moments = new LinkedHashMap<>();
    private final long mostUpdates;
    private final NDArray updates;
    private final NDArray loss;
    private final NDArray state;
    private final Plan plan;
    private Plan.Loaded ready;
    private long step;

    /**
     * What is the same in all updates.
     *
     * @param settings the method's constants
     * @param schedule the learning rate by update
     * @param mostUpdates how many updates there will be at most
     * @param divisor the micro-batches whose gradients are added up, at least 1
     * @param maxNorm the largest norm over all gradients together that stays as it is; 0 for no clipping
     */
    public record Settings(AdamW.Settings settings, Schedule schedule, long mostUpdates, int divisor, double maxNorm) {}

    /**
     * What an update was.
     *
     * @param norm the gradients' norm after the division and before the clipping
     * @param skipped whether the weights stayed as they were
     */
    public record Outcome(double norm, boolean skipped) {}

    /**
     * Creates the optimizer, with moments of zeros.
     *
     * @param weights the weights
     * @param parameters the parameters that lie there
     * @param target the GPU
     * @param parent the manager that owns the memory if {@link #close} is not called earlier, of that GPU
     * @param settings what is the same in all updates
     */
    public FlatAdamW(FlatWeights weights, List<Parameter> parameters, CudaTarget target, NDManager parent, Settings settings) {
        manager = parent.newSubManager();
        manager.setName("optimizer");
        this.parameters = List.copyOf(parameters);
        mostUpdates = settings.mostUpdates;
        updates = manager.zeros(new Shape(1), DataType.INT64);
        loss = manager.zeros(new Shape(1));
        state = manager.zeros(new Shape(AdamWSteps.STATE_SIZE));
        NDArray rates = manager.create(rates(settings));
        PlanBuilder builder = new PlanBuilder(target);
        builder.phase(UPDATE);
        builder.part("optimizer");
        List<FlatWeights.Section> sections = weights.sections();
        long programs = sections.stream().mapToLong(section -> AdamWSteps.parts(section.elements())).sum();
        Tensor parts = builder.array("sums of squares", TensorView.Type.INT64, programs); // float64, of as many bytes
        long first = 0;
        for (FlatWeights.Section section : sections) {
            long own = AdamWSteps.parts(section.elements());
            AdamWSteps.squares(builder, section.gradients(), parts.rows(first, own));
            first += own;
        }
        AdamW.Settings method = settings.settings;
        AdamWSteps.Constants constants = new AdamWSteps.Constants(method.beta1(), method.beta2(), method.epsilon());
        Tensor decided = tensor("state of the update", state);
        AdamWSteps.begin(builder, parts, tensor("loss", loss), tensor("learning rates", rates), tensor("updates", updates), decided,
                settings.divisor, settings.maxNorm, constants);
        for (FlatWeights.Section section : sections) {
            NDArray means = zeros(section.elements(), method.statePrecision());
            NDArray variances = zeros(section.elements(), method.statePrecision());
            for (Parameter parameter : parameters) {
                if (weights.section(parameter) == section) {
                    moments.put(parameter.getId(), new AdamW.Moments(section.part(means, parameter), section.part(variances, parameter)));
                }
            }
            AdamWSteps.Moments own = new AdamWSteps.Moments(section.gradients(), tensor("means of " + section, means),
                    tensor("variances of " + section, variances));
            double decay = section.decays() ? method.weightDecay() : 0;
            if (section.isSplit()) {
                AdamWSteps.update(builder, section.high(), section.low(), own, decided, constants, decay);
            } else {
                AdamWSteps.update(builder, section.values(), own, decided, constants, decay);
            }
        }
        plan = builder.build();
    }

    /** The learning rate of update t at t. */
    private static float[] rates(Settings settings) {
        float[] rates = new float[Math.toIntExact(settings.mostUpdates + 1)];
        for (int update = 1; update < rates.length; update++) {
            rates[update] = (float) settings.schedule.learningRate(update);
        }
        return rates;
    }

    private NDArray zeros(long elements, Precision precision) {
        return precision == Precision.FLOAT32 ? manager.zeros(new Shape(elements))
                : TorchTensors.reinterpret(manager.zeros(new Shape(elements / 2)), TensorView.Type.BFLOAT16);
    }

    private static Tensor tensor(String name, NDArray array) {
        return Tensor.of(name, TorchTensors.view(array));
    }

    /** Takes the memory in which updates are computed, which the first one does otherwise. */
    public void prepare() {
        if (ready == null) {
            ready = plan.on(TorchTensors.view(manager.zeros(new Shape((plan.bytes() + 3) / 4))).address());
        }
    }

    /**
     * Puts an update on a stream and returns at once; {@link #outcome} tells what it was.
     *
     * @param stream where the gradients are computed
     * @param stepLoss what must be finite for the update to take place: the first number of a float32 array
     * @throws IllegalStateException if there were as many updates as were said before
     */
    public void update(CudaStream stream, NDArray stepLoss) {
        if (step == mostUpdates) {
            throw new IllegalStateException("the learning rates of " + mostUpdates + " updates were asked for: there is none for another");
        }
        prepare();
        stream.copy(TorchTensors.view(loss).address(), TorchTensors.view(stepLoss).address(), Float.BYTES);
        ready.run(UPDATE, stream);
    }

    /**
     * Waits for the last update. To be called once after each.
     *
     * @return what it was
     */
    public Outcome outcome() {
        float[] values = state.toFloatArray();
        boolean skipped = values[AdamWSteps.STATE_SKIPPED] != 0;
        step += skipped ? 0 : 1;
        return new Outcome(values[AdamWSteps.STATE_NORM], skipped);
    }

    /**
     * How many updates there were, those that were skipped not counted.
     *
     * @return 0 before the first
     */
    public long getStep() {
        return step;
    }

    /**
     * The state of the parameters, for a checkpoint.
     *
     * @return one whole slice a parameter, none before the first update; the arrays stay the optimizer's
     */
    public List<MomentSlice> getMoments() {
        return step == 0 ? List.of() : parameters.stream().map(parameter -> new MomentSlice(parameter.getId(), 0,
                parameter.getShape().size(), moments.get(parameter.getId()))).toList();
    }

    /**
     * Continues from a checkpoint.
     *
     * @param completedSteps the updates done
     * @param saved the parameters' state; zeros for those that have none there
     */
    public void restore(long completedSteps, SavedMoments saved) {
        step = completedSteps;
        updates.set(new NDIndex("0"), completedSteps);
        for (Parameter parameter : parameters) {
            AdamW.Moments own = moments.get(parameter.getId());
            try (NoGradient copying = new NoGradient()) {
                saved.read(parameter.getId(), 0, parameter.getShape().size()).ifPresentOrElse(state -> {
                    write(own.mean(), state.mean());
                    write(own.variance(), state.variance());
                }, () -> OptimOperators.module().call("zero", new NDList(own.mean(), own.variance())));
            }
        }
    }

    private static void write(NDArray own, NDArray saved) {
        try (saved; NDArray shaped = saved.reshape(own.getShape());
                NDArray kept = Bfloat16.is(own) ? Bfloat16.of(shaped) : shaped.stopGradient()) {
            own.set(new NDIndex(":"), kept);
        }
    }

    @Override
    public void close() {
        if (ready != null) {
            ready.close();
        }
        manager.close();
    }
}
