package ai.spattention.olmoe.pass;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.spattention.InvalidInputException;
import ai.spattention.RotaryEmbedding;
import ai.spattention.cuda.CudaDevice;
import ai.spattention.cuda.CudaStream;
import ai.spattention.cuda.CudaTarget;
import ai.spattention.cuda.TensorView;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.kernel.AttentionLayout;
import ai.spattention.kernel.FusedSteps;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.model.DecoderLayer;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.plan.Plan;
import ai.spattention.plan.Region;
import ai.spattention.plan.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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
     * Takes a model's weights.
     *
     * @param model a model whose parameters have their values, float32 on a GPU; they are read once
     * @param parent the manager that owns all memory if {@link #close} is not called earlier, of that GPU
     */
    public TrainingPass(OlmoeModel model, NDManager parent) {
        this.model = model;
        manager = parent.newSubManager();
        manager.setName("training pass");
        CudaDevice device = CudaDevice.of(manager.getDevice().getDeviceId());
        stream = new CudaStream(device);
        List<Parameter> matrices = new ArrayList<>(List.of(model.getEmbedding().getWeight()));
        List<Parameter> others = new ArrayList<>(List.of(model.getFinalNorm().getWeight()));
        for (DecoderLayer layer : model.getLayers()) {
            matrices.addAll(LayerWeights.matrices(layer));
            others.addAll(LayerWeights.others(layer));
        }
        if (!model.getConfig().tieWordEmbeddings()) {
            matrices.add(model.getOutputWeight());
        }
        weights = new FlatWeights(manager, matrices, others);
        weights.load(stream);
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

    private Loaded loaded(PassShape shape) {
        Loaded known = plans.get(shape);
        if (known != null) {
            return known;
        }
        NDManager own = manager.newSubManager();
        PassArrays arrays = PassArrays.of(own, model.getConfig(), shape);
        Plan plan = PassPlan.of(model, weights, constants(own, shape), arrays, CudaTarget.of(stream.device()), shape);
        reserve(plan.bytes());
        Loaded made = new Loaded(plan.on(arenaAddress), arrays, own);
        plans.put(shape, made);
        return made;
    }

    private PassPlan.Constants constants(NDManager own, PassShape shape) {
        OlmoeConfig config = model.getConfig();
        FusedSteps.Heads heads = FusedSteps.heads(new AttentionLayout(config.pattern(), config.layoutLength()),
                config.numAttentionHeads(), shape.length());
        NDArray table = own.create(heads.rows(), new Shape(config.numAttentionHeads(), heads.rows().length / config.numAttentionHeads()));
        NDList angles = rotary.table(manager.getDevice(), shape.length());
        return new PassPlan.Constants(tensor("head table", table), heads.general(), tensor("cosines", angles.get(0)),
                tensor("sines", angles.get(1)));
    }

    private static Tensor tensor(String name, NDArray array) {
        TensorView view = TorchTensors.view(array);
        return Tensor.dense(Region.fixed(name, view.address(), array.size() * view.type().bytes()), 0, view.type(), view.sizes());
    }

    /** Makes the arena large enough; what ran in a smaller one is made anew when it is wanted. */
    private void reserve(long bytes) {
        if (bytes <= arenaBytes) {
            return;
        }
        stream.synchronize();
        forgetPlans();
        if (arenaManager != null) {
            arenaManager.close();
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
        if (documents == null == shape.documents()) {
            throw new InvalidInputException("the pass was made for sequences " + (shape.documents() ? "with" : "without") + " documents");
        }
        Loaded loaded = loaded(shape);
        copy(tokens, loaded.arrays.tokens());
        copy(targets, loaded.arrays.targets());
        if (documents != null) {
            copy(documents, loaded.arrays.documents());
        }
        run(loaded, PassPlan.FORWARD, start);
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
        Loaded loaded = loaded(shape);
        loaded.arrays.probabilityGradients().array().set(new NDIndex(":"), probabilityGradients);
        loaded.arrays.squareGradients().array().set(new NDIndex(":"), squareGradients);
        run(loaded, PassPlan.BACKWARD, start);
    }

    /**
     * Measures the parts of a phase, as they run.
     *
     * @param shape what the batch is; a forward pass of it must have run
     * @param phase forward or backward
     * @return each step's time, in order
     */
    public List<Plan.StepTime> profile(PassShape shape, String phase) {
        return loaded(shape).plan.profile(phase, stream);
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

    private void run(Loaded loaded, String phase, Start start) {
        if (start == Start.GRAPH) {
            loaded.plan.runAsGraph(phase, stream);
        } else {
            loaded.plan.run(phase, stream);
        }
    }

    private void copy(NDArray from, PassArrays.Shared to) {
        TensorView view = TorchTensors.view(from);
        stream.copy(to.tensor().address(), view.address(), from.size() * view.type().bytes());
    }

    @Override
    public void close() {
        stream.synchronize();
        forgetPlans();
        stream.close();
        manager.close();
    }
}
