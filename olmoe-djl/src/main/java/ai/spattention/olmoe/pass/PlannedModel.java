package ai.spattention.olmoe.pass;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.model.OlmoeOutput;
import ai.spattention.olmoe.moe.RouterStatistics;
import ai.spattention.segment.ExplicitPart;
import ai.spattention.segment.SegmentedBlock;
import ai.spattention.segment.Segments;
import ai.spattention.torch.EngineArrays;
import java.util.function.Consumer;

/**
 * A model whose training passes run as plans of a {@link TrainingPass}, under a {@link ai.spattention.segment.SegmentedTrainer}: the
 * whole pass is one part, whose results are what {@link OlmoeOutput} reads with the loss in the place of the logits. Everything else
 * is the model's own blocks.
 *
 * <p>The weights' gradients are in the pass's flat arrays, not in DJL's: the first pass after {@link #beginStep} writes them, further
 * ones add to them, unless a {@link GradientFlow} says otherwise.
 */
public final class PlannedModel extends AbstractBlock implements SegmentedBlock.Model {

    private static final byte VERSION = 1;

    private final OlmoeModel model;
    private final TrainingPass pass;
    private final Kept kept;
    private final PassStarts starts;
    private final GradientFlow flow;

    /**
     * Wraps a model.
     *
     * @param model the model
     * @param pass its passes
     * @param kept what is kept of each layer for the backward phase
     * @param start how they are started; launch by launch where a driver refuses graphs
     * @param notes is told, in one line, that it does
     */
    public PlannedModel(OlmoeModel model, TrainingPass pass, Kept kept, TrainingPass.Start start, Consumer<String> notes) {
        this(model, pass, kept, start, notes, GradientFlow.inPlace());
    }

    /**
     * Wraps a model.
     *
     * @param model the model
     * @param pass its passes
     * @param kept what is kept of each layer for the backward phase
     * @param start how they are started; launch by launch where a driver refuses graphs
     * @param notes is told, in one line, that it does
     * @param flow what becomes of the gradients
     */
    public PlannedModel(OlmoeModel model, TrainingPass pass, Kept kept, TrainingPass.Start start, Consumer<String> notes, GradientFlow flow) {
        super(VERSION);
        this.model = addChildBlock("model", model);
        this.pass = pass;
        this.kept = kept;
        this.flow = flow;
        starts = new PassStarts(start, notes);
    }

    /** Begins a step: what gradients there are is written over. */
    public void beginStep() {
        flow.beginStep();
    }

    @Override
    public NDList forward(ParameterStore parameterStore, Segments segments, NDList data, NDList labels) {
        NDArray tokens = data.head();
        NDArray documents = data.size() > 1 ? data.get(1) : null;
        NDArray targets = labels.singletonOrThrow();
        for (NDArray array : documents == null ? new NDList(tokens, targets) : new NDList(tokens, targets, documents)) {
            if (array.getDataType() != DataType.INT64 || array.getShape().dimension() != 2 || !array.getShape().equals(tokens.getShape())
                    || !array.getDevice().equals(pass.device())) {
                throw new InvalidInputException("a pass takes tokens, targets and documents as int64 [batch, length] on " + pass.device()
                        + " (got " + array.getDataType() + " " + array.getShape() + " on " + array.getDevice() + ")");
            }
        }
        PassShape shape = new PassShape(Math.toIntExact(tokens.getShape().get(0)), Math.toIntExact(tokens.getShape().get(1)),
                documents != null, flow.beginPass(), kept);
        return segments.run("pass", new Part(shape, tokens, targets, documents), new NDList());
    }

    /** The whole pass. */
    private final class Part implements ExplicitPart {

        private final PassShape shape;
        private final NDArray tokens;
        private final NDArray targets;
        private final NDArray documents;

        private Part(PassShape shape, NDArray tokens, NDArray targets, NDArray documents) {
            this.shape = shape;
            this.tokens = tokens;
            this.targets = targets;
            this.documents = documents;
        }

        @Override
        public Forward forward(NDList inputs) {
            NDList own = starts.run(start -> pass.forward(shape, tokens, targets, documents, start, flow));
            return new Forward(outputs(own, tokens.getManager()), new NDList());
        }

        @Override
        public NDArray[] backward(NDList inputs, NDList kept, NDArray[] gradients) {
            if (gradients[0] == null) {
                throw new IllegalStateException("a pass by plan trains on its own loss, which is no part of the one that was given");
            }
            Shape experts = new Shape(model.getConfig().numHiddenLayers(), model.getConfig().numExperts());
            try (NDManager scope = tokens.getManager().newSubManager();
                    NDArray probabilities = onlyForOne(scope, gradients[2], gradients[0], experts);
                    NDArray squares = onlyForOne(scope, gradients[3], gradients[0], new Shape(experts.get(0), 1))) {
                starts.run(start -> {
                    pass.backward(shape, probabilities, squares, start, flow);
                    return null;
                });
            }
            return new NDArray[0];
        }

        @Override
        public NDList differentiable(NDList inputs) {
            throw new UnsupportedOperationException("a pass by plan has no graph of the engine: train it in segments");
        }
    }

    /** What a model gives, of a pass's own arrays: copies, for those change with the next pass. */
    static NDList outputs(NDList own, NDManager manager) {
        Shape layers = own.get(2).getShape().slice(0, 1);
        NDList copies = new NDList(copy(own.get(0), new Shape()), own.get(1).duplicate(), own.get(2).duplicate(), copy(own.get(3), layers));
        copies.attach(manager);
        return new OlmoeOutput(copies.get(0), RouterStatistics.of(copies.subNDList(1))).toList();
    }

    private static NDArray copy(NDArray array, Shape shape) {
        try (NDArray copy = array.duplicate()) {
            return copy.reshape(shape);
        }
    }

    /**
     * A gradient as it is if the loss's own is 1, as the pass takes for granted. Else it becomes infinite or no number, and so do the
     * gradients' norm and the step is skipped: nothing is computed wrongly, and nobody waits for the device.
     */
    static NDArray onlyForOne(NDManager scope, NDArray gradient, NDArray lossGradient, Shape shape) {
        NDArray received = gradient == null ? scope.zeros(shape) : gradient.reshape(shape);
        received.attach(scope);
        NDArray one = EngineArrays.scalar(lossGradient, 1);
        NDArray isOne = lossGradient.eq(one).toType(DataType.FLOAT32, false);
        new NDList(one, isOne).attach(scope);
        return received.div(isOne);
    }

    @Override
    protected NDList forwardInternal(ParameterStore parameterStore, NDList inputs, boolean training, PairList<String, Object> params) {
        return model.forward(parameterStore, inputs, training, params);
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        model.initialize(manager, dataType, inputShapes);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return model.getOutputShapes(inputShapes);
    }
}
