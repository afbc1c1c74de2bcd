package ai.spattention.olmoe.moe;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import ai.spattention.segment.Segments;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;

/**
 * A mixture of experts in the place of a feed-forward layer: a {@link Router} and {@link Experts}.
 *
 * <p>Input: [B, N, C]. Outputs: [B, N, C], then the three arrays of one layer's {@link RouterStatistics}.
 */
public final class MoeBlock extends AbstractBlock {

    private static final byte VERSION = 1;

    private final int numExperts;
    private final String settings;
    private final Router router;
    private final Experts experts;

    private MoeBlock(int numExperts, int expertDim, int topK, boolean normalizeTopK) {
        super(VERSION);
        this.numExperts = numExperts;
        settings = numExperts + " experts of width " + expertDim + ", of which a token takes " + topK + " with weights "
                + (normalizeTopK ? "divided by their sum" : "as they are");
        router = addChildBlock("router", new Router(numExperts, topK, normalizeTopK));
        experts = addChildBlock("experts", new Experts(numExperts, expertDim));
    }

    /**
     * Creates the block.
     *
     * @param numExperts E, at least 1
     * @param expertDim I, an expert's width, at least 1
     * @param topK K, the number of experts a token takes, from 1 to E
     * @param normalizeTopK whether the K weights are divided by their sum
     * @return the block
     */
    public static MoeBlock of(int numExperts, int expertDim, int topK, boolean normalizeTopK) {
        return new MoeBlock(numExperts, expertDim, topK, normalizeTopK);
    }

    /**
     * The router.
     *
     * @return the child block
     */
    public Router getRouter() {
        return router;
    }

    /**
     * The experts.
     *
     * @return the child block
     */
    public Experts getExperts() {
        return experts;
    }

    /**
     * Sends tokens through their experts, as a part of a model that may be cut into segments.
     *
     * @param parameterStore where the weights come from
     * @param segments how the parts are put together
     * @param input [B, N, C]
     * @param training whether this is a training step
     * @return [B, N, C], then the three arrays of one layer's {@link RouterStatistics}, attached to the input's manager
     */
    public NDList apply(ParameterStore parameterStore, Segments segments, NDArray input, boolean training) {
        Shape shape = input.getShape();
        try (NDManager scope = NDManager.subManagerOf(input)) {
            scope.tempAttachAll(input);
            NDList routed = segments.run("router", (inner, inputs) -> route(parameterStore, inputs.head(), training), new NDList(input));
            NDArray output = experts.apply(parameterStore, segments, routed.get(0), routed.get(1), routed.get(2), training);
            return scope.ret(new NDList(output.reshape(shape)).addAll(routed.subNDList(3)));
        }
    }

    /** The tokens [T, C], their experts and weights [T, K], and the router's statistics. */
    private NDList route(ParameterStore parameterStore, NDArray input, boolean training) {
        NDArray tokens = input.reshape(-1, input.getShape().get(2));
        Routing routing = router.route(parameterStore, tokens, training);
        return new NDList(tokens, routing.experts(), routing.weights()).addAll(RouterStatistics.of(routing).toList());
    }

    @Override
    protected NDList forwardInternal(ParameterStore parameterStore, NDList inputs, boolean training,
            PairList<String, Object> params) {
        return apply(parameterStore, Segments.engine(), inputs.singletonOrThrow(), training);
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape input = inputShapes[0];
        boolean known = input.get(0) >= 0 && input.get(1) >= 0;
        Shape tokens = new Shape(known ? input.get(0) * input.get(1) : -1, input.get(2));
        router.initialize(manager, dataType, tokens);
        Shape[] routing = router.getOutputShapes(new Shape[] {tokens});
        experts.initialize(manager, dataType, tokens, routing[2], routing[3]);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        Shape each = new Shape(numExperts);
        return new Shape[] {inputShapes[0], each, each, new Shape()};
    }

    @Override
    protected void saveMetadata(DataOutputStream os) throws IOException {
        saveInputShapes(os);
        os.writeUTF(settings);
    }

    @Override
    protected void loadMetadata(byte loadVersion, DataInputStream is) throws IOException, MalformedModelException {
        if (loadVersion != VERSION) {
            throw new MalformedModelException("these mixture-of-experts parameters have format version " + loadVersion
                    + ", this program reads version " + VERSION);
        }
        readInputShapes(is);
        String saved = is.readUTF();
        if (!saved.equals(settings)) {
            throw new MalformedModelException("the saved block has " + saved + "; this one has " + settings);
        }
    }
}
