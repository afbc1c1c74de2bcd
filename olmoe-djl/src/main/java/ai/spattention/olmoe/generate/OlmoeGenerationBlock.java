package ai.spattention.olmoe.generate;

import ai.djl.inference.streaming.StreamingBlock;
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
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.NoSuchElementException;

/**
 * Continues token sequences, as a block for DJL's {@code Predictor}.
 *
 * <p>Inputs: one or more prompts, each [N] or [1, N], int64, of any lengths. Outputs: as many arrays of new token ids, [M], int64,
 * without end tokens; M may be 0. As a {@link StreamingBlock} it takes one prompt and gives its new token ids one by one, [1].
 *
 * <p>It trains nothing: {@link #getModel} does.
 */
public final class OlmoeGenerationBlock extends AbstractBlock implements StreamingBlock {

    private static final byte VERSION = 1;

    private final OlmoeModel model;
    private final GenerationOptions options;

    /**
     * Creates the block.
     *
     * @param model an initialised model
     * @param options sampling, number of tokens and end tokens
     */
    public OlmoeGenerationBlock(OlmoeModel model, GenerationOptions options) {
        super(VERSION);
        this.model = addChildBlock("model", model);
        this.options = options;
        inputNames = List.of("prompt"); // for an initialised model is given: nothing else will say it
        inputShapes = new Shape[] {new Shape(-1)};
    }

    /**
     * The language model.
     *
     * @return the child block
     */
    public OlmoeModel getModel() {
        return model;
    }

    /**
     * How sequences are continued.
     *
     * @return the options
     */
    public GenerationOptions getOptions() {
        return options;
    }

    @Override
    protected NDList forwardInternal(ParameterStore parameterStore, NDList inputs, boolean training,
            PairList<String, Object> params) {
        requireInference(training);
        NDManager manager = inputs.head().getManager();
        try (Generation generation = start(parameterStore, inputs)) {
            while (!generation.isDone()) {
                generation.step((prompt, token) -> { });
            }
            return new NDList(generation.drawn().stream().map(manager::create).toArray(NDArray[]::new));
        }
    }

    /**
     * {@inheritDoc} Each step computes when it is asked for; what it needs is freed after the last, or with the inputs' manager.
     */
    @Override
    public Iterator<NDList> forwardStreamIter(ParameterStore parameterStore, NDList inputs, boolean training,
            PairList<String, Object> params) {
        requireInference(training);
        if (inputs.size() != 1) {
            throw new InvalidInputException("one prompt is streamed at a time (got " + inputs.size() + ")");
        }
        return new Steps(start(parameterStore, inputs), inputs.head().getManager());
    }

    private Generation start(ParameterStore parameterStore, NDList inputs) {
        List<long[]> prompts = inputs.stream().map(OlmoeGenerationBlock::ids).toList();
        return new Generation(model, parameterStore, inputs.head().getManager(), options, prompts);
    }

    private static long[] ids(NDArray prompt) {
        Shape shape = prompt.getShape();
        boolean single = shape.dimension() == 1 || shape.dimension() == 2 && shape.get(0) == 1;
        if (!single || prompt.getDataType() != DataType.INT64) {
            throw new InvalidInputException("a prompt must be token ids [length], int64 (got " + shape + ", "
                    + prompt.getDataType().name().toLowerCase(Locale.ROOT) + ")");
        }
        return prompt.toLongArray();
    }

    private static void requireInference(boolean training) {
        if (training) {
            throw untrainable();
        }
    }

    private static IllegalStateException untrainable() {
        return new IllegalStateException("this block continues sequences and cannot be trained: train its model (getModel)");
    }

    /** Only a trainer asks for it: the model is initialised. */
    @Override
    protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        throw untrainable();
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        Shape[] shapes = new Shape[inputShapes.length];
        Arrays.fill(shapes, new Shape(-1)); // known when the end has come
        return shapes;
    }

    /** The new tokens of one prompt. */
    private static final class Steps implements Iterator<NDList> {

        private final Generation generation;
        private final NDManager manager;
        private Long next;

        Steps(Generation generation, NDManager manager) {
            this.generation = generation;
            this.manager = manager;
        }

        @Override
        public boolean hasNext() {
            while (next == null && !generation.isDone()) {
                generation.step((prompt, token) -> next = token);
            }
            if (next == null) {
                generation.close();
            }
            return next != null;
        }

        @Override
        public NDList next() {
            if (!hasNext()) {
                throw new NoSuchElementException("the text has ended");
            }
            NDList token = new NDList(manager.create(new long[] {next}));
            next = null;
            return token;
        }
    }
}
