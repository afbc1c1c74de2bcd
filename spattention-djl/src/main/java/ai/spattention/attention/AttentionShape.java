package ai.spattention.attention;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.common.InvalidInputException;
import ai.spattention.torch.Bfloat16;
import java.util.Arrays;
import java.util.Locale;

/**
 * The checked sizes of one call.
 *
 * @param batch B
 * @param numHeads H
 * @param numKvHeads G
 * @param queryLength N
 * @param keyLength M, at least N
 * @param headDim D
 */
public record AttentionShape(int batch, int numHeads, int numKvHeads, int queryLength, int keyLength, int headDim) {

    /**
     * The sizes of arrays that belong together: their shapes fit, they are of one floating-point type and on one device.
     *
     * @param queries [B, H, N, D]
     * @param keys [B, G, M, D]
     * @param values [B, G, M, D]
     * @return the sizes
     * @throws InvalidInputException if shapes, types or devices do not fit together
     */
    public static AttentionShape of(NDArray queries, NDArray keys, NDArray values) {
        Shape q = queries.getShape();
        Shape k = keys.getShape();
        boolean fits = q.dimension() == 4 && k.dimension() == 4 && k.equals(values.getShape())
                && q.get(0) == k.get(0) && q.get(3) == k.get(3) && q.get(2) <= k.get(2) && q.size() > 0
                && k.get(1) > 0 && q.get(1) % k.get(1) == 0;
        if (!fits) {
            throw new InvalidInputException("attention takes queries [B, H, N, D] and keys and values [B, G, M, D] with"
                    + " N <= M and H divisible by G (got " + q + ", " + k + " and " + values.getShape() + ")");
        }
        DataType type = type(queries);
        if (!type.isFloating() || type(keys) != type || type(values) != type) {
            throw new InvalidInputException("attention takes queries, keys and values of one floating-point type (got "
                    + name(type) + ", " + name(type(keys)) + " and " + name(type(values)) + ")");
        }
        Device device = queries.getDevice();
        if (!keys.getDevice().equals(device) || !values.getDevice().equals(device)) {
            throw new InvalidInputException("attention takes queries, keys and values on one device (got " + device + ", "
                    + keys.getDevice() + " and " + values.getDevice() + ")");
        }
        return new AttentionShape((int) q.get(0), (int) q.get(1), (int) k.get(1), (int) q.get(2), (int) k.get(2),
                (int) q.get(3));
    }

    /** An array's type, where DJL has none for bfloat16. */
    static DataType type(NDArray array) {
        return Bfloat16.is(array) ? DataType.BFLOAT16 : array.getDataType();
    }

    static String name(DataType type) {
        return type.name().toLowerCase(Locale.ROOT);
    }

    /**
     * Checks that documents, where there are any, belong to the keys.
     *
     * @param documents [B, M], int64, or null
     * @param queries of the call
     * @return these sizes
     * @throws InvalidInputException if the documents have another shape or type, or are on another device
     */
    public AttentionShape with(NDArray documents, NDArray queries) {
        if (documents != null && (!documents.getShape().equals(new Shape(batch, keyLength))
                || documents.getDataType() != DataType.INT64)) {
            throw new InvalidInputException("documents must be int64 [B, M] = [" + batch + ", " + keyLength + "] (got "
                    + documents.getDataType() + " " + documents.getShape() + ")");
        }
        requireDevice("documents", documents, queries.getDevice());
        return this;
    }

    /**
     * Checks that a mask of the caller's has a place for every query and key.
     *
     * @param keep [B, N, M]
     * @param queries of the call
     * @return these sizes
     * @throws InvalidInputException if the mask has another shape, or is on another device
     */
    public AttentionShape withMask(NDArray keep, NDArray queries) {
        if (!keep.getShape().equals(new Shape(batch, queryLength, keyLength))) {
            throw new InvalidInputException("a mask must be [B, N, M] = [" + batch + ", " + queryLength + ", " + keyLength + "] (got "
                    + keep.getShape() + ")");
        }
        requireDevice("a mask", keep, queries.getDevice());
        return this;
    }

    /**
     * Checks that what a caller adds to the scores has a place for each of them, or is the same along an axis.
     *
     * @param offsets floating-point, [B, H, N, M], or 1 in the place of B, H or N
     * @param queries of the call
     * @return these sizes
     * @throws InvalidInputException if the offsets have another shape or type, or are on another device
     */
    public AttentionShape withOffsets(NDArray offsets, NDArray queries) {
        long[] all = {batch, numHeads, queryLength, keyLength};
        boolean fits = offsets.getShape().dimension() == all.length && offsets.getShape().get(3) == keyLength;
        for (int axis = 0; fits && axis < 3; axis++) {
            fits = offsets.getShape().get(axis) == all[axis] || offsets.getShape().get(axis) == 1;
        }
        if (!fits || !offsets.getDataType().isFloating()) {
            throw new InvalidInputException("what is added to the scores must be floating-point [B, H, N, M] = " + Arrays.toString(all)
                    + ", or 1 in the place of B, H or N (got " + offsets.getDataType() + " " + offsets.getShape()
                    + "); a mask of 1 for pairs to keep has three axes");
        }
        requireDevice("what is added to the scores", offsets, queries.getDevice());
        return this;
    }

    private static void requireDevice(String what, NDArray array, Device device) {
        if (array != null && !array.getDevice().equals(device)) {
            throw new InvalidInputException(what + " must be on the queries' device " + device + " (got " + array.getDevice() + ")");
        }
    }

    /**
     * Checks that a gradient is that of the result.
     *
     * @param gradient [B, H, N, D]
     * @throws InvalidInputException if it has another shape
     */
    public void requireGradient(NDArray gradient) {
        if (!gradient.getShape().equals(new Shape(batch, numHeads, queryLength, headDim))) {
            throw new InvalidInputException("the gradient must have the result's shape [B, H, N, D] = [" + batch + ", " + numHeads
                    + ", " + queryLength + ", " + headDim + "] (got " + gradient.getShape() + ")");
        }
    }

    /**
     * The number of query heads that share a key/value head.
     *
     * @return H / G
     */
    public int group() {
        return numHeads / numKvHeads;
    }
}
