package ai.spattention.segment;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;

/**
 * Runs a model's training passes in segments, under a {@link SegmentedTrainer}. Other passes go to the model as they are.
 */
public final class SegmentedBlock extends AbstractBlock {

    private static final byte VERSION = 1;

    /** A model whose training pass can be cut. */
    public interface Model {

        /**
         * Runs a training pass.
         *
         * @param parameterStore where the weights come from
         * @param segments how the parts are put together
         * @param data the inputs
         * @param labels the labels, so that the model may compute its loss itself
         * @return what the loss takes as predictions
         */
        NDList forward(ParameterStore parameterStore, Segments segments, NDList data, NDList labels);
    }

    private final Model model;
    private final AbstractBlock child;
    private final PartObserver observer;
    private SegmentTape tape;

    /**
     * Wraps a model.
     *
     * @param model the model
     * @param <B> the model's class
     */
    public <B extends AbstractBlock & Model> SegmentedBlock(B model) {
        this(model, PartObserver.NONE);
    }

    /**
     * Wraps a model whose parts are watched.
     *
     * @param model the model
     * @param observer is told when parts run
     * @param <B> the model's class
     */
    public <B extends AbstractBlock & Model> SegmentedBlock(B model, PartObserver observer) {
        super(VERSION);
        this.observer = observer;
        this.model = model;
        child = addChildBlock("model", model);
    }

    /** A new tape for the next training pass. */
    SegmentTape begin(NDManager manager) {
        tape = new SegmentTape(manager, observer);
        return tape;
    }

    @Override
    protected NDList forwardInternal(ParameterStore parameterStore, NDList data, NDList labels, PairList<String, Object> params) {
        return model.forward(parameterStore, tape, data, labels);
    }

    @Override
    protected NDList forwardInternal(ParameterStore parameterStore, NDList inputs, boolean training,
            PairList<String, Object> params) {
        return child.forward(parameterStore, inputs, training, params);
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        child.initialize(manager, dataType, inputShapes);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return child.getOutputShapes(inputShapes);
    }
}
