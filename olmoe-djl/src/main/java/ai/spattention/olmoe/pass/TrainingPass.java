package ai.spattention.olmoe.pass;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.spattention.RotaryEmbedding;
import ai.spattention.common.InvalidInputException;
import ai.spattention.cuda.CudaDevice;
import ai.spattention.cuda.CudaStream;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TensorView;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.plan.Plan;
import ai.spattention.torch.DeviceMemory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/**
 * Training passes of a model on a GPU, each a plan of launches on raw memory that is made once for a batch's shape. One thread at a
 * time.
 */
public final class TrainingPass implements AutoCloseable {

    private final OlmoeModel model;
    private final NDManager manager;
    private final CudaStream stream;
    private final FlatWeights weights;
    private final RotaryEmbedding rotary;
    private final Map<PassShape, Loaded> plans = new HashMap<>();
    private NDManager arenaManager;
    private long arenaBytes;
    private long arenaAddress;

    /** A plan that can run, and its arrays. */
    private record Loaded(Plan.Loaded plan, PassArrays arrays, NDManager manager) {}

    /**
     * Copies a model's weights.
     *
     * @param model a model whose parameters have their values, float32 on a GPU; they are read once
     * @param parent the manager that owns all memory if {@link #close} is not called earlier, of that GPU
     */
    public TrainingPass(OlmoeModel model, NDManager parent) {
        this(model, parent, FlatWeights::of, FlatWeights::load);
    }

    /**
     * Takes a model's weights over: its parameters become views of the pass's memory ({@link FlatWeights#adopt}), so that there is one
     * copy of them.
     *
     * @param model a model whose parameters have their values, float32 on a GPU
     * @param parent the manager that owns all memory if {@link #close} is not called earlier, of that GPU
     * @return the pass
     */
    public static TrainingPass adopting(OlmoeModel model, NDManager parent) {
        return adopting(model, parent, FlatWeights::of);
    }

    /**
     * Takes a model's weights over into memory as it is asked for.
     *
     * @param model a model whose parameters have their values, float32 on a GPU
     * @param parent the manager that owns all memory if {@link #close} is not called earlier, of that GPU
     * @param memory makes room for the model's weights and gradients
     * @return the pass
     */
    public static TrainingPass adopting(OlmoeModel model, NDManager parent, BiFunction<OlmoeModel, NDManager, FlatWeights> memory) {
        return new TrainingPass(model, parent, memory, FlatWeights::adopt);
    }

    private TrainingPass(OlmoeModel model, NDManager parent, BiFunction<OlmoeModel, NDManager, FlatWeights> memory, Consumer<FlatWeights> take) {
        this.model = model;
        manager = parent.newSubManager();
        manager.setName("training pass");
        stream = new CudaStream(CudaDevice.of(manager.getDevice().getDeviceId()));
        weights = memory.apply(model, manager);
        take.accept(weights);
        rotary = new RotaryEmbedding(model.getConfig().headDim(), model.getConfig().ropeTheta());
    }

    /**
     * The weights and gradients.
     *
     * @return flat arrays
     */
    public FlatWeights weights() {
        return weights;
    }

    /**
     * Where the passes run.
     *
     * @return the stream
     */
    public CudaStream stream() {
        return stream;
    }

    /**
     * The GPU on which the passes run.
     *
     * @return the device
     */
    public Device device() {
        return manager.getDevice();
    }

    /**
     * Makes the plans of shapes before they are needed, and the memory that all of them need.
     *
     * @param shapes the shapes
     * @throws InvalidInputException if the GPU has not so much memory free
     */
    public void prepare(PassShape... shapes) {
        List<Made> made = new ArrayList<>();
        for (PassShape shape : shapes) {
            if (!plans.containsKey(shape)) {
                made.add(make(shape));
            }
        }
        reserve(made.stream().mapToLong(each -> each.plan.bytes()).max().orElse(0));
        made.forEach(each -> plans.put(each.shape, new Loaded(each.plan.on(arenaAddress), each.arrays, each.manager)));
    }

    private Loaded loaded(PassShape shape) {
        Loaded known = plans.get(shape);
        if (known == null) {
            prepare(shape);
            known = plans.get(shape);
        }
        return known;
    }

    /** What runs in the arena, or will. */
    private record Made(PassShape shape, Plan plan, PassArrays arrays, NDManager manager) {}

    private Made make(PassShape shape) {
        NDManager own = manager.newSubManager();
        PassArrays arrays = PassArrays.of(own, model.getConfig(), shape);
        Plan plan = PassPlan.of(model, weights, PassPlan.Constants.of(own, model.getConfig(), rotary, shape.length()), arrays,
                CudaTarget.of(stream.device()), shape);
        return new Made(shape, plan, arrays, own);
    }

    /**
     * Gives the memory of intermediate results back, for something else that runs between passes. What lay there is gone: the plans,
     * whose addresses are in it, are forgotten with it, and made anew with other memory when they are wanted.
     */
    public void release() {
        if (arenaManager == null) {
            return;
        }
        stream.synchronize();
        forgetPlans();
        arenaManager.close();
        arenaManager = null;
        arenaBytes = 0;
        DeviceMemory.giveBackUnused(); // a piece of it that PyTorch lent to others would keep the next arena from coming in one piece
    }

    /** Makes the arena large enough; what ran in a smaller one is made anew when it is wanted. */
    private void reserve(long bytes) {
        if (bytes <= arenaBytes) {
            return;
        }
        release();
        long free = DeviceMemory.free(manager.getDevice());
        if (bytes > free) {
            throw new InvalidInputException(String.format(Locale.ROOT, "a training pass needs %,d bytes of GPU memory for what is computed on"
                    + " the way, but only %,d are free: lower training.micro_batch (raise training.gradient_accumulation_steps to keep"
                    + " the batch) or data.sequence_length, or keep less of each layer by training.activation_checkpointing=full",
                    bytes, free));
        }
        arenaManager = manager.newSubManager();
        NDArray memory = arenaManager.zeros(new Shape((bytes + 3) / 4));
        arenaBytes = bytes;
        arenaAddress = TorchTensors.view(memory).address();
    }

    private void forgetPlans() {
        plans.values().forEach(loaded -> {
            loaded.plan.close();
            loaded.manager.close();
        });
        plans.clear();
    }

    /** How a phase is started. */
    public enum Start { LAUNCHES, GRAPH }

    /**
     * Computes the losses of a batch.
     *
     * @param shape what the batch is
     * @param tokens [B, N], int64
     * @param targets [B, N], int64; -100 where there is none
     * @param documents [B, N], int64; null where the shape has none
     * @param start how it is started
     * @return the mean cross-entropy [], the experts' loads [L, E], mean probabilities [L, E] and mean squares [L]; they are the pass's
     *     own, and change with the next one
     */
    public NDList forward(PassShape shape, NDArray tokens, NDArray targets, NDArray documents, Start start) {
        return forward(shape, tokens, targets, documents, start, GradientFlow.inPlace());
    }

    /** The same with what becomes of the gradients. */
    NDList forward(PassShape shape, NDArray tokens, NDArray targets, NDArray documents, Start start, GradientFlow flow) {
        if (documents == null == shape.documents()) {
            throw new InvalidInputException("the pass was made for sequences " + (shape.documents() ? "with" : "without") + " documents");
        }
        Loaded loaded = loaded(shape);
        copy(tokens, loaded.arrays.tokens());
        copy(targets, loaded.arrays.targets());
        if (documents != null) {
            copy(documents, loaded.arrays.documents());
        }
        List<String> phase = List.of(PassPlan.FORWARD);
        record(loaded, phase, start);
        weights.matrices().groups().stream().filter(GradientGroup::isBegunForward).forEach(flow::before);
        run(loaded, phase, start);
        PassArrays arrays = loaded.arrays;
        return new NDList(arrays.loss().array(), arrays.loads().array(), arrays.meanProbabilities().array(), arrays.meanSquares().array());
    }

    /**
     * Computes the gradients of the last batch of this shape, which go to the weights' gradients.
     *
     * @param shape what the batch is
     * @param probabilityGradients of the mean probabilities, [L, E], float32
     * @param squareGradients of the mean squares, [L, 1], float32
     * @param start how it is started
     */
    public void backward(PassShape shape, NDArray probabilityGradients, NDArray squareGradients, Start start) {
        backward(shape, probabilityGradients, squareGradients, start, GradientFlow.inPlace());
    }

    /** The same with what becomes of the gradients. It is told nothing before all that could be refused has been recorded. */
    void backward(PassShape shape, NDArray probabilityGradients, NDArray squareGradients, Start start, GradientFlow flow) {
        Loaded loaded = loaded(shape);
        loaded.arrays.probabilityGradients().array().set(new NDIndex(":"), probabilityGradients);
        loaded.arrays.squareGradients().array().set(new NDIndex(":"), squareGradients);
        List<GradientGroup> groups = weights.matrices().groups();
        List<String> phases = PassPlan.backward(groups);
        if (!flow.followsGroups()) {
            run(loaded, phases, start);
            return;
        }
        phases.forEach(phase -> record(loaded, List.of(phase), start));
        flow.follow(groups, group -> run(loaded, List.of(PassPlan.backward(group)), start));
    }

    /**
     * Runs a pass, launch by launch, and measures each.
     *
     * @param shape what the batch is; a pass of it must have run
     * @return each step's time by the GPU's own clock, in order, forward and backward
     */
    public List<Plan.StepTime> profile(PassShape shape) {
        Plan.Loaded plan = loaded(shape).plan;
        List<Plan.StepTime> times = new ArrayList<>(plan.profile(PassPlan.FORWARD, stream));
        PassPlan.backward(weights.matrices().groups()).forEach(phase -> times.addAll(plan.profile(phase, stream)));
        return times;
    }

    /**
     * The memory of intermediate results.
     *
     * @return bytes
     */
    public long arenaBytes() {
        return arenaBytes;
    }

    /** Waits until everything is done. */
    public void synchronize() {
        stream.synchronize();
    }

    private void record(Loaded loaded, List<String> phases, Start start) {
        if (start == Start.GRAPH) {
            loaded.plan.record(phases, stream);
        }
    }

    private void run(Loaded loaded, List<String> phases, Start start) {
        if (start == Start.GRAPH) {
            loaded.plan.runAsGraph(phases, stream);
        } else {
            loaded.plan.run(phases, stream);
        }
    }

    private void copy(NDArray from, PassArrays.Shared to) {
        TensorView view = TorchTensors.view(from);
        stream.copy(to.tensor().address(), view.address(), from.size() * view.type().bytes());
    }

    @Override
    public void close() {
        try (manager; stream) { // also after a fault of the GPU, of which the first line tells
            stream.synchronize();
            forgetPlans();
        }
    }
}
