package ai.spattention.olmoe.moe;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import ai.spattention.common.InvalidInputException;
import ai.spattention.torch.Bfloat16;

/**
 * Chooses each token's experts: logits by one matrix, softmax over all experts in float32, the K likeliest (ties as
 * libtorch's {@code topk} breaks them).
 *
 * <p>Input: hidden states [T, C]. Output: the four arrays of a {@link Routing}.
 */
public final class Router extends AbstractBlock {

    private static final byte VERSION = 1;

    private final int numExperts;
    private final int topK;
    private final boolean normalizeTopK;
    private final Parameter weight;

    /**
     * Creates the router.
     *
     * @param numExperts E, at least 1
     * @param topK K, the number of experts a token takes, from 1 to E
     * @param normalizeTopK whether the K weights are divided by their sum; if not they are the probabilities themselves
     */
    public Router(int numExperts, int topK, boolean normalizeTopK) {
        super(VERSION);
        if (numExperts < 1) {
            throw new InvalidInputException("the number of experts must be at least 1 (got " + numExperts + ")");
        }
        if (topK < 1 || topK > numExperts) {
            throw new InvalidInputException("a token takes at least 1 and at most all " + numExperts
                    + " experts (got " + topK + ")");
        }
        this.numExperts = numExperts;
        this.topK = topK;
        this.normalizeTopK = normalizeTopK;
        weight = addParameter(Parameter.builder().setName("weight").setType(Parameter.Type.WEIGHT).build());
    }

    /**
     * The matrix.
     *
     * @return the parameter, [E, C]
     */
    public Parameter getWeight() {
        return weight;
    }

    /**
     * Routes tokens.
     *
     * @param parameterStore where the matrix comes from
     * @param hidden the tokens' hidden states, [T, C]
     * @param training whether this is a training step
     * @return the routing, attached to the hidden states' manager
     */
    public Routing route(ParameterStore parameterStore, NDArray hidden, boolean training) {
        NDArray matrix = parameterStore.getValue(weight, hidden.getDevice(), training);
        try (NDManager scope = NDManager.subManagerOf(hidden)) {
            scope.tempAttachAll(hidden);
            NDArray exact = hidden.getDataType() == DataType.FLOAT64 ? hidden : Bfloat16.toFloat32(hidden);
            if (matrix.getDataType() != exact.getDataType()) { // a model in float16
                matrix = Bfloat16.asTypeOf(matrix, exact);
                matrix.attach(scope);
            }
            NDArray logits = Linear.linear(exact, matrix).singletonOrThrow();
            NDArray probabilities = logits.softmax(-1);
            NDList top = probabilities.topK(topK, -1, true, true);
            NDArray weights = top.get(0);
            if (normalizeTopK) {
                weights = weights.div(weights.sum(new int[] {-1}, true));
            }
            return Routing.of(scope.ret(new Routing(logits, probabilities, top.get(1), weights).toList()));
        }
    }

    @Override
    protected NDList forwardInternal(ParameterStore parameterStore, NDList inputs, boolean training,
            PairList<String, Object> params) {
        return route(parameterStore, inputs.singletonOrThrow(), training).toList();
    }

    @Override
    protected void prepare(Shape[] inputShapes) {
        weight.setShape(new Shape(numExperts, inputShapes[0].get(1)));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        long tokens = inputShapes[0].get(0);
        Shape all = new Shape(tokens, numExperts);
        Shape chosen = new Shape(tokens, topK);
        return new Shape[] {all, all, chosen, chosen};
    }
}
