package ai.spattention.train.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.Precision;
import ai.spattention.adamw.AdamWSteps;
import ai.spattention.cuda.CudaStream;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TensorView;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.olmoe.pass.FlatWeights;
import ai.spattention.plan.Plan;
import ai.spattention.plan.PlanBuilder;
import ai.spattention.plan.Region;
import ai.spattention.plan.Tensor;
import ai.spattention.segment.NoGradient;
import ai.spattention.torch.Bfloat16;
import ai.spattention.torch.EngineArrays;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * {@link AdamW} over flat weights on a GPU: division of the gradients by the number of micro-batches, their norm, clipping, the choice
 * of the learning rate, and the skipping of an update whose loss or norm is not finite are all decided on the device, so that nothing
 * waits for the host.
 */
public final class FlatAdamW implements AutoCloseable {

    private static final String SQUARES = "squares";
    private static final String UPDATE = "update";

    private final NDManager manager;
    private final List<FlatWeights.Section> sections;
    private final SectionShares shares;
    private final FlatSums gradients;
    private final Map<FlatWeights.Section, AdamW.Moments> moments = new LinkedHashMap<>();
    private final long mostUpdates;
    private final NDArray updates;
    private final NDArray loss;
    /** The sums of squares of the gradients' parts, float64. */
    private final NDArray sums;
    private final Tensor parts;
    private final NDArray state;
    private final Plan plan;
    private Plan.Loaded ready;
    private NDManager views;
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
     * @param gradients the sums by which weights are updated
     * @param target the GPU
     * @param parent the manager that owns the memory if {@link #close} is not called earlier, of that GPU
     * @param settings what is the same in all updates
     */
    public FlatAdamW(FlatSums gradients, CudaTarget target, NDManager parent, Settings settings) {
        manager = parent.newSubManager();
        manager.setName("optimizer");
        this.gradients = gradients;
        shares = gradients.shares();
        sections = gradients.weights().sections();
        mostUpdates = settings.mostUpdates;
        updates = manager.zeros(new Shape(1), DataType.INT64);
        loss = manager.zeros(new Shape(1));
        state = manager.zeros(new Shape(AdamWSteps.STATE_SIZE));
        sums = manager.zeros(new Shape(sections.stream().mapToLong(section -> AdamWSteps.parts(section.elements())).sum()), DataType.FLOAT64);
        NDArray rates = manager.create(rates(settings));
        PlanBuilder builder = new PlanBuilder(target);
        builder.phase(SQUARES);
        builder.part("optimizer");
        parts = Tensor.dense(Region.fixed("sums of squares", TorchTensors.address(sums), Double.BYTES * sums.size()), 0,
                TensorView.Type.INT64, sums.size()); // float64, of as many bytes
        long first = 0;
        for (FlatWeights.Section section : sections) {
            long all = AdamWSteps.parts(section.elements());
            for (SectionShares.Share share : shares.shares(section)) {
                AdamWSteps.squares(builder, gradients.of(section, share), SectionShares.ofSums(share, parts.rows(first, all)));
            }
            first += all;
        }
        builder.phase(UPDATE);
        builder.part("optimizer");
        AdamW.Settings method = settings.settings;
        AdamWSteps.Constants constants = new AdamWSteps.Constants(method.beta1(), method.beta2(), method.epsilon());
        Tensor decided = tensor("state of the update", state);
        AdamWSteps.begin(builder, parts, tensor("loss", loss), tensor("learning rates", rates), tensor("updates", updates), decided,
                settings.divisor, settings.maxNorm, constants);
        for (FlatWeights.Section section : sections) {
            AdamW.Moments own = new AdamW.Moments(zeros(shares.elements(section), method.statePrecision()),
                    zeros(shares.elements(section), method.statePrecision()));
            moments.put(section, own);
            Tensor means = tensor("means of " + section, own.mean());
            Tensor variances = tensor("variances of " + section, own.variance());
            double decay = section.decays() ? method.weightDecay() : 0;
            for (SectionShares.Share share : shares.shares(section)) {
                long begin = share.begin();
                long count = share.elements();
                AdamWSteps.Moments read = new AdamWSteps.Moments(gradients.of(section, share), means.rows(share.place(), count),
                        variances.rows(share.place(), count));
                if (section.isSplit()) {
                    AdamWSteps.update(builder, section.high().rows(begin, count), section.low().rows(begin, count), read, decided, constants,
                            decay);
                } else {
                    AdamWSteps.update(builder, section.values().rows(begin, count), read, decided, constants, decay);
                }
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
            ready = plan.on(TorchTensors.view(manager.zeros(new Shape(Math.max(1, (plan.bytes() + 3) / 4)))).address());
        }
    }

    /**
     * Puts an update on a stream and returns at once; {@link #outcome} tells what it was.
     *
     * @param stream where the gradients are computed: the passes' lane
     * @param stepLoss what must be finite for the update to take place: the first number of a float32 array
     * @throws IllegalStateException if there were as many updates as were said before
     */
    public void update(CudaStream stream, NDArray stepLoss) {
        if (step == mostUpdates) {
            throw new IllegalStateException("the learning rates of " + mostUpdates + " updates were asked for: there is none for another");
        }
        prepare();
        gradients.complete();
        shares.clearSums(parts, gradients.lanes());
        ready.run(SQUARES, stream);
        shares.gatherSums(sums, sections, gradients.lanes());
        stream.copy(TorchTensors.view(loss).address(), TorchTensors.view(stepLoss).address(), Float.BYTES);
        ready.run(UPDATE, stream);
        shares.gatherWeights(sections, gradients.lanes());
    }

    /**
     * Waits for the last update. To be called once after each.
     *
     * @return what it was
     */
    public Outcome outcome() {
        try (NDArray own = EngineArrays.readable(state)) {
            float[] values = own.toFloatArray();
            boolean skipped = values[AdamWSteps.STATE_SKIPPED] != 0;
            step += skipped ? 0 : 1;
            return new Outcome(values[AdamWSteps.STATE_NORM], skipped);
        }
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
     * The state that this rank keeps for a checkpoint.
     *
     * @return moments of parts of parameters, all ranks' together of every parameter once; none before the first update. The arrays stay
     *     the optimizer's, until this is called again
     */
    public List<MomentSlice> getMoments() {
        List<MomentSlice> slices = new ArrayList<>();
        closeViews();
        if (step == 0) {
            return slices;
        }
        views = manager.newSubManager();
        moments.forEach((section, own) -> {
            for (FlatLayout.Fragment part : shares.kept(section)) {
                slices.add(new MomentSlice(part.parameter().getId(), part.begin(), part.end(), view(section, part, own, views)));
            }
        });
        return slices;
    }

    private AdamW.Moments view(FlatWeights.Section section, FlatLayout.Fragment part, AdamW.Moments own, NDManager owner) {
        AdamW.Moments view = new AdamW.Moments(shares.view(section, part, own.mean()), shares.view(section, part, own.variance()));
        view.mean().attach(owner);
        view.variance().attach(owner);
        return view;
    }

    private void closeViews() {
        if (views != null) {
            views.close();
            views = null;
        }
    }

    /**
     * Continues from a checkpoint.
     *
     * @param completedSteps the updates done
     * @param saved the checkpoint's moments; zeros for parameters that have none there
     */
    public void restore(long completedSteps, SavedMoments saved) {
        step = completedSteps;
        updates.set(new NDIndex("0"), completedSteps);
        moments.forEach((section, own) -> {
            for (FlatLayout.Fragment part : shares.updated(section)) {
                Optional<AdamW.Moments> read = saved.read(part.parameter().getId(), part.begin(), part.end());
                try (NDManager scope = manager.newSubManager()) {
                    AdamW.Moments view = view(section, part, own, scope);
                    write(view.mean(), read.map(AdamW.Moments::mean), part.shape());
                    write(view.variance(), read.map(AdamW.Moments::variance), part.shape());
                }
            }
        });
    }

    private static void write(NDArray own, Optional<NDArray> saved, Shape shape) {
        try (NoGradient copying = new NoGradient()) {
            if (saved.isEmpty()) {
                OptimOperators.module().call("zero", new NDList(own));
                return;
            }
            try (NDArray read = saved.get(); NDArray shaped = read.reshape(shape);
                    NDArray kept = Bfloat16.is(own) ? Bfloat16.of(shaped) : shaped.stopGradient()) {
                own.set(new NDIndex(":"), kept);
            }
        }
    }

    @Override
    public void close() {
        try (manager) {
            if (ready != null) {
                ready.close();
            }
        }
    }
}
