package ai.spattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import ai.djl.util.PairList;
import ai.spattention.rmsnorm.RmsNormPart;
import ai.spattention.rmsnorm.RmsNormSteps;
import ai.spattention.segment.Segments;
import java.util.function.UnaryOperator;

/**
 * Root-mean-square normalisation over the last axis: x / √(mean(x²) + ε) · weight (arXiv 1910.07467), with the statistics
 * in float32 (float64 for float64 input) and the weight applied after the cast back.
 *
 * <p>Input and output: [..., size].
 */
public final class RmsNorm extends AbstractBlock {

    private static final byte VERSION = 1;
    private static final String NAME = "norms and residuals";

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

    /**
     * Normalises, as a part of a model that may be cut into segments.
     *
     * @param parameterStore where the weight comes from
     * @param segments how the parts are put together
     * @param x [..., size]
     * @param training whether this is a training step
     * @return [..., size]
     */
    public NDArray apply(ParameterStore parameterStore, Segments segments, NDArray x, boolean training) {
        NDList inputs = new NDList(x, parameterStore.getValue(weight, x.getDevice(), training));
        return run(segments, x, inputs, list ->
                new NDList(BlockOperators.rmsNorm(list.get(0), list.get(1), epsilon, precision))).singletonOrThrow();
    }

    /**
     * Adds a branch and normalises the sum.
     *
     * @param parameterStore where the weight comes from
     * @param segments how the parts are put together
     * @param x [..., size]
     * @param branch [..., size]
     * @param training whether this is a training step
     * @return x + branch in x's type, and its norm
     */
    public NDList addAndApply(ParameterStore parameterStore, Segments segments, NDArray x, NDArray branch, boolean training) {
        NDList inputs = new NDList(x, branch, parameterStore.getValue(weight, x.getDevice(), training));
        return run(segments, x, inputs, list -> {
            NDArray total = list.get(0).add(list.get(1));
            return new NDList(total, BlockOperators.rmsNorm(total, list.get(2), epsilon, precision));
        });
    }

    /** By the kernels where there are some for it. */
    private NDList run(Segments segments, NDArray x, NDList inputs, UnaryOperator<NDList> differentiable) {
        return precision == Precision.BFLOAT16 && segments.isExplicit() && RmsNormSteps.serves(x)
                ? segments.run(NAME, new RmsNormPart(epsilon, differentiable), inputs)
                : segments.run(NAME, (inner, list) -> differentiable.apply(list), inputs);
    }

    @Override
    protected void prepare(Shape[] inputShapes) {
        weight.setShape(new Shape(inputShapes[0].get(inputShapes[0].dimension() - 1)));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0]};
    }

    /** What is added to the mean square. */
    float epsilon() {
        return epsilon;
    }

    @Override
    protected NDList forwardInternal(ParameterStore parameterStore, NDList inputs, boolean training,
            PairList<String, Object> params) {
        NDArray x = inputs.singletonOrThrow();
        return new NDList(BlockOperators.rmsNorm(x, parameterStore.getValue(weight, x.getDevice(), training), epsilon, precision));
    }
}
