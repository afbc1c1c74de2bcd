package ai.spattention.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.InvalidInputException;

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
record AttentionShape(int batch, int numHeads, int numKvHeads, int queryLength, int keyLength, int headDim) {

    static AttentionShape of(NDArray queries, NDArray keys, NDArray values) {
        Shape q = queries.getShape();
        Shape k = keys.getShape();
        boolean fits = q.dimension() == 4 && k.dimension() == 4 && k.equals(values.getShape())
                && q.get(0) == k.get(0) && q.get(3) == k.get(3) && q.get(2) <= k.get(2) && q.get(2) > 0
                && k.get(1) > 0 && q.get(1) % k.get(1) == 0;
        if (!fits) {
            throw new InvalidInputException("attention takes queries [B, H, N, D] and keys and values [B, G, M, D] with"
                    + " N <= M and H divisible by G (got " + q + ", " + k + " and " + values.getShape() + ")");
        }
        return new AttentionShape((int) q.get(0), (int) q.get(1), (int) k.get(1), (int) q.get(2), (int) k.get(2),
                (int) q.get(3));
    }

    /** Checks that documents, where there are any, belong to the keys. */
    AttentionShape with(NDArray documents) {
        if (documents != null && (!documents.getShape().equals(new Shape(batch, keyLength))
                || documents.getDataType() != DataType.INT64)) {
            throw new InvalidInputException("documents must be int64 [B, M] = [" + batch + ", " + keyLength + "] (got "
                    + documents.getDataType() + " " + documents.getShape() + ")");
        }
        return this;
    }

    /** The number of query heads that share a key/value head. */
    int group() {
        return numHeads / numKvHeads;
    }
}
