package ai.spattention.olmoe.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.common.InvalidInputException;

/** The mean cross-entropy, in nats per token, of predicting the next token. */
public final class LanguageModelLoss {

    /** The target of a position that has none: it counts neither in the sum nor in the mean. */
    public static final long NO_TARGET = -100;

    private LanguageModelLoss() {}

    /**
     * The loss against explicit targets.
     *
     * @param logits [B, N, V]
     * @param targets what position i is to predict, [B, N], int64; {@link #NO_TARGET} where there is nothing to predict
     * @return a scalar, float32 (float64 for float64 logits), NaN if no position has a target; attached to the logits'
     *     manager
     * @throws InvalidInputException if the targets are no int64 array [B, N]
     */
    public static NDArray ofTargets(NDArray logits, NDArray targets) {
        requireTargets(targets, logits.getShape());
        return LossOperators.module().call("cross_entropy", logits, targets).singletonOrThrow();
    }

    /**
     * The loss of predicting token t + 1 from the tokens up to t; the last position predicts nothing.
     *
     * @param logits [B, N, V]
     * @param inputIds the tokens that the model was given, [B, N], int64, N at least 2
     * @return a scalar, as {@link #ofTargets}
     */
    public static NDArray ofNextTokens(NDArray logits, NDArray inputIds) {
        try (NDManager scope = NDManager.subManagerOf(logits)) {
            scope.tempAttachAll(logits, inputIds);
            return scope.ret(ofTargets(logits, nextTokens(inputIds)));
        }
    }

    /** Refuses targets that are not one number for each row: those of another shape would be taken in another order. */
    static void requireTargets(NDArray targets, Shape rows) {
        if (!targets.getShape().equals(rows.slice(0, rows.dimension() - 1)) || targets.getDataType() != DataType.INT64) {
            throw new InvalidInputException("targets must be int64 " + rows.slice(0, rows.dimension() - 1)
                    + ", one for each position (got " + targets.getDataType() + " " + targets.getShape() + ")");
        }
    }

    /**
     * The targets of {@link #ofNextTokens}.
     *
     * @param inputIds [B, N], int64
     * @return [B, N]: the ids moved one place to the front, {@link #NO_TARGET} last; attached to the ids' manager
     */
    public static NDArray nextTokens(NDArray inputIds) {
        try (NDManager scope = NDManager.subManagerOf(inputIds)) {
            scope.tempAttachAll(inputIds);
            NDArray none = scope.full(inputIds.getShape().slice(0, 1).add(1), NO_TARGET).toType(inputIds.getDataType(), false)
                    .toDevice(inputIds.getDevice(), false);
            return scope.ret(inputIds.get(new NDIndex(":, 1:")).concat(none, 1));
        }
    }
}
