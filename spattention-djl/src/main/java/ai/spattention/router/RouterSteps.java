package ai.spattention.router;

import ai.spattention.cublas.DenseProducts;
import ai.spattention.cuda.KernelLibrary;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.KernelStep;
import ai.spattention.plan.Launches;
import ai.spattention.plan.Tensor;
import ai.spattention.rmsnorm.RmsNormSteps;

/**
 * The launches of a router of experts: choices, weights, statistics, and the experts' rows in order. The kernels are {@code
 * src/main/kernel/router}.
 *
 * <p>Letters: T tokens, D a token's size, E experts, K experts a token takes, S = T · K rows.
 */
public final class RouterSteps {

    static final KernelLibrary LIBRARY = KernelLibrary.beside(RouterSteps.class, "");

    /** The most experts that there is a kernel for. */
    public static final int MOST_EXPERTS = 256;

    private static final int SMALLEST_EXPERTS = 16;
    private static final int PAIRS_OF_TILE = 2048; // of token and expert
    private static final int PART_UNIT = 8; // every part's rows begin where products can read them
    private static final int BLOCK_OF_PARTS = 1024;

    private final Launches launches;
    private final DenseProducts products;
    private final Sizes sizes;
    private final int block;
    private final long padded;

    /**
     * What a router is.
     *
     * @param tokens T
     * @param experts E
     * @param slots K
     * @param renormalized whether a token's weights are divided by their sum
     * @param rowsOfTile the rows of a tile of the experts' products
     */
    public record Sizes(long tokens, long experts, long slots, boolean renormalized, int rowsOfTile) {}

    /**
     * The routing of tokens.
     *
     * @param logits their three parts, [T, 3 P], float32, P = E up to a multiple of 8
     * @param chosen [T, K], int32
     * @param weights [T, K], float32
     * @param places the row of each (token, slot) pair, [T, K], int32
     * @param rowWeights the weight of each row, [S], float32
     * @param ends where each expert's rows end, [E], int32
     * @param tileEnds where each expert's tiles end, [E], int32
     * @param gradientParts of the router's matrix, for the gradient of the tokens, [3 P, D], bfloat16
     */
    public record Routed(Tensor logits, Tensor chosen, Tensor weights, Tensor places, Tensor rowWeights, Tensor ends, Tensor tileEnds,
            Tensor gradientParts) {}

    /**
     * What the router's losses are computed from.
     *
     * @param loads how many tokens chose each expert, [E], int64
     * @param meanProbabilities [E], float32
     * @param meanSquare of logsumexp(logits), [1], float32
     */
    public record Statistics(Tensor loads, Tensor meanProbabilities, Tensor meanSquare) {}

    /**
     * Starts.
     *
     * @param launches where steps go
     * @param products the plan's dense products
     * @param sizes what the router is
     */
    public RouterSteps(Launches launches, DenseProducts products, Sizes sizes) {
        this.launches = launches;
        this.products = products;
        this.sizes = sizes;
        block = Math.max(SMALLEST_EXPERTS, Integer.highestOneBit(2 * Math.toIntExact(sizes.experts) - 1));
        padded = (sizes.experts + PART_UNIT - 1) / PART_UNIT * PART_UNIT;
    }

    private long tiles() {
        return (sizes.tokens - 1) / (PAIRS_OF_TILE / block) + 1;
    }

    private KernelStep step(String kernel) {
        return new KernelStep(LIBRARY, kernel + "-" + block, launches.target()).with("T", sizes.tokens).with("E", sizes.experts)
                .with("P", padded).with("slots", sizes.slots);
    }

    private void require(Statistics statistics) {
        statistics.meanProbabilities.require(Type.FLOAT32, sizes.experts);
        statistics.meanSquare.require(Type.FLOAT32, 1);
    }

    private String renormalized(String kernel) {
        return kernel + (sizes.renormalized ? "-renormalized" : "");
    }

    /**
     * Routes tokens.
     *
     * @param hidden [T, C], bfloat16
     * @param weight [E, C], float32
     * @param statistics written
     * @return the routing
     */
    public Routed forward(Tensor hidden, Tensor weight, Statistics statistics) {
        hidden.require(Type.BFLOAT16, sizes.tokens, -1);
        weight.require(Type.FLOAT32, sizes.experts, hidden.size(1));
        statistics.loads.require(Type.INT64, sizes.experts);
        require(statistics);
        long pairs = sizes.tokens * sizes.slots;
        Routed routed = new Routed(launches.array("router logits", Type.FLOAT32, sizes.tokens, 3 * padded),
                launches.array("chosen experts", Type.INT32, sizes.tokens, sizes.slots),
                launches.array("experts' weights", Type.FLOAT32, sizes.tokens, sizes.slots),
                launches.array("places of rows", Type.INT32, sizes.tokens, sizes.slots),
                launches.array("weights of rows", Type.FLOAT32, pairs),
                launches.array("ends of experts' rows", Type.INT32, sizes.experts),
                launches.array("ends of experts' tiles", Type.INT32, sizes.experts),
                launches.array("parts of a router for gradients", Type.BFLOAT16, 3 * padded, hidden.size(1)));
        Tensor parts = launches.array("parts of a router", Type.BFLOAT16, 3 * padded, hidden.size(1));
        Tensor counts = launches.array("experts' tokens by tile", Type.INT32, tiles(), sizes.experts);
        Tensor begins = launches.array("experts' first rows by tile", Type.INT32, tiles(), sizes.experts);
        Tensor probabilities = launches.array("sums of probabilities by tile", Type.FLOAT32, tiles(), sizes.experts);
        Tensor squares = launches.array("sums of squares by tile", Type.FLOAT32, tiles());
        long all = padded * hidden.size(1);
        launches.add(new KernelStep(LIBRARY, "router_parts", launches.target()).with("weight", weight).with("parts", parts)
                .with("gradient_parts", routed.gradientParts).with("count", weight.elements()).with("all", all)
                .grid((all - 1) / BLOCK_OF_PARTS + 1, 1, 1));
        products.timesTransposed(hidden, parts, routed.logits);
        launches.add(step(renormalized("router_forward")).with("logits", routed.logits).with("chosen", routed.chosen)
                .with("weights", routed.weights).with("counts", counts)
                .with("probability_sums", probabilities).with("square_sums", squares).grid(tiles(), 1, 1));
        launches.add(step("router_order").with("counts", counts).with("probability_sums", probabilities).with("square_sums", squares)
                .with("begins", begins).with("ends", routed.ends).with("tile_ends", routed.tileEnds).with("loads", statistics.loads)
                .with("mean_probabilities", statistics.meanProbabilities).with("mean_square", statistics.meanSquare)
                .with("tiles", tiles()).with("rows", sizes.rowsOfTile));
        launches.add(step("router_places").with("chosen", routed.chosen).with("weights", routed.weights).with("begins", begins)
                .with("places", routed.places).with("row_weights", routed.rowWeights)
                .grid(tiles(), 1, 1));
        return routed;
    }

    /**
     * The gradients, but the weight's.
     *
     * @param routed from the forward pass
     * @param rowWeightGradients [S], float32
     * @param statisticsGradients of the mean probabilities [E] and the mean square [1], float32; loads have none
     * @param hiddenGradient [T, C], bfloat16, written
     * @return the gradients of the logits, for {@link #weights}
     */
    public Tensor backward(Routed routed, Tensor rowWeightGradients, Statistics statisticsGradients, Tensor hiddenGradient) {
        rowWeightGradients.require(Type.FLOAT32, sizes.tokens * sizes.slots);
        require(statisticsGradients);
        hiddenGradient.require(Type.BFLOAT16, sizes.tokens, routed.gradientParts.size(1));
        Tensor logitGradients = launches.array("gradients of router logits", Type.BFLOAT16, sizes.tokens, 3 * padded);
        launches.add(step(renormalized("router_backward")).with("logits", routed.logits).with("chosen", routed.chosen)
                .with("weights", routed.weights).with("places", routed.places).with("row_weight_grads", rowWeightGradients)
                .with("probability_grads", statisticsGradients.meanProbabilities).with("square_grad", statisticsGradients.meanSquare)
                .with("logit_grads", logitGradients).grid(tiles(), 1, 1));
        products.times(logitGradients, routed.gradientParts, hiddenGradient);
        return logitGradients;
    }

    /**
     * The weight's gradient.
     *
     * @param hidden from the forward pass
     * @param logitGradients from {@link #backward}
     * @param weightGradient [E, C], float32, written or added to
     * @param add whether it is added to what stands there
     */
    public void weights(Tensor hidden, Tensor logitGradients, Tensor weightGradient, boolean add) {
        hidden.require(Type.BFLOAT16, sizes.tokens, -1);
        weightGradient.require(Type.FLOAT32, sizes.experts, hidden.size(1));
        Tensor parts = launches.array("parts of a router's gradient", Type.FLOAT32, 2 * padded, hidden.size(1));
        products.transposedTimes(logitGradients.columns(0, 2 * padded), hidden, parts, false);
        // both parts of an expert's line; the padding's lines are skipped
        long line = padded * hidden.size(1);
        RmsNormSteps.sumParts(launches, parts.as(new long[] {2, weightGradient.elements()}, new long[] {line, 1}), weightGradient, add);
    }
}
