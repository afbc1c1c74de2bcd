package ai.spattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import ai.djl.util.PairList;

/**
 * Root-mean-square normalisation over the last axis: x / √(mean(x²) + ε) · weight (arXiv 1910.07467), with the statistics
 * in float32 (float64 for float64 input) and the weight applied after the cast back.
 *
 * <p>Input and output: [..., size].
 */
public final class RmsNorm extends AbstractBlock {

    private static final byte VERSION = 1;

    private final float epsilon;
    private final Precision precision;
    private final Parameter weight;

    /**
     * Creates the block; its weight starts as ones.
     *
     * @param epsilon what is added to the mean square, for example 1e-5
     */
    public RmsNorm(float epsilon) {
        this(epsilon, Precision.FLOAT32);
    }

    /**
     * Creates the block; its weight starts as ones.
     *
     * @param epsilon what is added to the mean square, for example 1e-5
     * @param precision the type of the result: bfloat16, or the input's own type
     */
    public RmsNorm(float epsilon, Precision precision) {
        super(VERSION);
        this.epsilon = epsilon;
        this.precision = precision;
        weight = addParameter(Parameter.builder().setName("weight").setType(Parameter.Type.GAMMA)
                .optInitializer(Initializer.ONES).build());
    }

    /**
     * The weight.
     *
     * @return the parameter, of shape [size]
     */
    public Parameter getWeight() {
        return weight;
    }

    @Override
    protected void prepare(Shape[] inputShapes) {
        weight.setShape(new Shape(inputShapes[0].get(inputShapes[0].dimension() - 1)));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0]};
    }

    @Override
    protected NDList forwardInternal(ParameterStore parameterStore, NDList inputs, boolean training,
            PairList<String, Object> params) {
        NDArray x = inputs.singletonOrThrow();
        return new NDList(BlockOperators.rmsNorm(x, parameterStore.getValue(weight, x.getDevice(), training), epsilon, precision));
    }
}
