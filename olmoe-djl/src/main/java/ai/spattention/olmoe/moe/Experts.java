package ai.spattention.olmoe.moe;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import ai.spattention.common.InvalidInputException;
import ai.spattention.groupedmatmul.GroupedMatmulSteps;
import ai.spattention.segment.ExplicitPart;
import ai.spattention.segment.Segments;
import ai.spattention.swiglu.SwiGluSteps;

/**
 * The experts of a layer, each down(silu(gate(x)) · up(x)), in two stacked parameters. Dropless: the (token, slot) pairs
 * are sorted by expert, each expert multiplies its own rows, and each token sums its experts' results by their weights.
 *
 * <p>Inputs: hidden states [T, C], chosen experts [T, K], weights [T, K]. Output: [T, C].
 */
public final class Experts extends AbstractBlock {

    private static final byte VERSION = 1;

    private final int numExperts;
    private final int expertDim;
    private final Parameter gateUpProjection;
    private final Parameter downProjection;

    /**
     * Creates the experts.
     *
     * @param numExperts E, at least 1
     * @param expertDim I, an expert's width, at least 1
     */
    public Experts(int numExperts, int expertDim) {
        super(VERSION);
        if (numExperts < 1 || expertDim < 1) {
            throw new InvalidInputException("the number of experts and their width must be at least 1 (got "
                    + numExperts + " and " + expertDim + ")");
        }
        this.numExperts = numExperts;
        this.expertDim = expertDim;
        gateUpProjection = addParameter(
                Parameter.builder().setName("gateUpProjection").setType(Parameter.Type.WEIGHT).build());
        downProjection = addParameter(
                Parameter.builder().setName("downProjection").setType(Parameter.Type.WEIGHT).build());
    }

    /**
     * The experts' first matrices, gate over up.
     *
     * @return the parameter, [E, 2 I, C]
     */
    public Parameter getGateUpProjection() {
        return gateUpProjection;
    }

    /**
     * The experts' second matrices.
     *
     * @return the parameter, [E, C, I]
     */
    public Parameter getDownProjection() {
        return downProjection;
    }

    /**
     * Runs each token through its experts. Products run in the hidden states' type, whatever the parameters' type.
     *
     * @param parameterStore where the matrices come from
     * @param segments how the parts are put together
     * @param hidden the tokens' hidden states, [T, C], T at least 1
     * @param chosen the tokens' experts, [T, K], int64
     * @param weights what each of them counts, [T, K]
     * @param training whether this is a training step
     * @return [T, C], attached to the hidden states' manager
     */
    public NDArray apply(ParameterStore parameterStore, Segments segments, NDArray hidden, NDArray chosen, NDArray weights,
            boolean training) {
        Device device = hidden.getDevice();
        return segments.run("experts", part(segments, hidden, chosen), new NDList(hidden, weights,
                parameterStore.getValue(gateUpProjection, device, training),
                parameterStore.getValue(downProjection, device, training))).singletonOrThrow();
    }

    private ExplicitPart part(Segments segments, NDArray hidden, NDArray chosen) {
        return segments.isExplicit() && GroupedMatmulSteps.serves(hidden, numExperts, expertDim)
                && SwiGluSteps.serves(hidden, expertDim)
                ? new GroupedExpertsPart(chosen) : new ExpertsPart(chosen);
    }

    @Override
    protected NDList forwardInternal(ParameterStore parameterStore, NDList inputs, boolean training,
            PairList<String, Object> params) {
        return new NDList(apply(parameterStore, Segments.engine(), inputs.get(0), inputs.get(1), inputs.get(2), training));
    }

    @Override
    protected void prepare(Shape[] inputShapes) {
        long hidden = inputShapes[0].get(1);
        gateUpProjection.setShape(new Shape(numExperts, 2L * expertDim, hidden));
        downProjection.setShape(new Shape(numExperts, hidden, expertDim));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0]};
    }
}
