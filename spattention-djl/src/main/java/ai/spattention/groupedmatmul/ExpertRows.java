package ai.spattention.groupedmatmul;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.spattention.plan.ArrayLaunches;
import ai.spattention.plan.Tensor;
import ai.spattention.torch.TorchScriptModule;

/**
 * Tokens' rows sorted by expert, in a block. Nothing is copied to the host, and the same inputs give the same bits.
 *
 * <p>Letters: T tokens, K experts a token, S = T · K rows, E experts.
 *
 * @param order the (token, slot) pair of each row, [S], int64
 * @param ends where each expert's rows end, [E], int32
 * @param tileEnds where each expert's tiles end, [E], int32
 * @param places the row of each (token, slot) pair, [T, K], int32
 */
public record ExpertRows(NDArray order, NDArray ends, NDArray tileEnds, NDArray places) {

    /** Bound when first used, so that the class loads where there is no engine. */
    private static final class Operators {
        static final TorchScriptModule MODULE = TorchScriptModule.load(ExpertRows.class, "rows.torchscript");
    }

    /**
     * Sorts rows by expert.
     *
     * @param chosen the experts of each token, [T, K], int64
     * @param experts E
     * @param rowsOfTile the rows of a tile of the products, {@link GroupedMatmulSteps#rowsOfTile}
     * @return the rows, attached to {@code chosen}'s manager
     */
    public static ExpertRows of(NDArray chosen, long experts, int rowsOfTile) {
        return of(Operators.MODULE.call("plan", chosen, experts, rowsOfTile));
    }

    /**
     * Reads what {@link #toList} wrote.
     *
     * @param list the arrays
     * @return the rows
     */
    public static ExpertRows of(NDList list) {
        return new ExpertRows(list.get(0), list.get(1), list.get(2), list.get(3));
    }

    /**
     * The arrays in the record's order.
     *
     * @return four arrays
     */
    public NDList toList() {
        return new NDList(order, ends, tileEnds, places);
    }

    /**
     * The products of these rows.
     *
     * @param launches where they go
     * @return the steps
     */
    public GroupedMatmulSteps products(ArrayLaunches launches) {
        return new GroupedMatmulSteps(launches, launches.in("ends of experts' rows", ends), launches.in("ends of experts' tiles", tileEnds));
    }

    /**
     * The row of each (token, slot) pair.
     *
     * @param launches where steps go
     * @return [T, K], int32
     */
    public Tensor places(ArrayLaunches launches) {
        return launches.in("places of rows", places);
    }

    /**
     * Matrices in another array's type, without gaps.
     *
     * @param like an array of the type
     * @param matrices any matrices
     * @return the matrices, attached to {@code like}'s manager
     */
    public static NDArray like(NDArray like, NDArray matrices) {
        return Operators.MODULE.call("like", like, matrices).singletonOrThrow();
    }

    /**
     * The weights of the rows.
     *
     * @param weights [T, K]
     * @return [S], float32
     */
    public NDArray rowWeights(NDArray weights) {
        return Operators.MODULE.call("row_weights", weights, order).singletonOrThrow();
    }

    /**
     * The gradient of weights from that of the rows'.
     *
     * @param rows [S]
     * @param weights [T, K]
     * @return [T, K]
     */
    public NDArray weightGradients(NDArray rows, NDArray weights) {
        return Operators.MODULE.call("weight_gradients", rows, order, weights).singletonOrThrow();
    }
}
