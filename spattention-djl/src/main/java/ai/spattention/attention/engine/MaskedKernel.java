package ai.spattention.attention.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.norm.Dropout;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.AttentionShape;
import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.MaskRow;
import ai.spattention.torch.Bfloat16;
import ai.spattention.torch.EngineArrays;
import ai.spattention.torch.Scopes;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * The obvious reference: every score is computed, those that the pattern forbids are masked. DJL operations only; time
 * and memory grow with H · N · M.
 */
public final class MaskedKernel implements AttentionKernel {

    /** Far below any score, yet finite: a row of nothing else stays free of NaN. */
    private static final double FORBIDDEN = -1e30;

    /** So few pairs the host has filled in before the device has begun. */
    private static final int FEW_PAIRS = 1 << 15;

    @Override
    public String name() {
        return "masked";
    }

    @Override
    public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            float dropout, boolean training) {
        AttentionShape shape = AttentionShape.of(queries, keys, values).with(documents, queries);
        try (NDManager scope = Scopes.over(queries, keys, values)) {
            NDArray seen = seen(scope, layout, shape);
            if (documents != null) {
                scope.tempAttachAll(documents);
                NDArray ofQueries = documents.get(new NDIndex(":, {}:", shape.keyLength() - shape.queryLength()));
                seen = seen.logicalAnd(documents.reshape(shape.batch(), 1, 1, 1, shape.keyLength())
                        .eq(ofQueries.reshape(shape.batch(), 1, 1, shape.queryLength(), 1)));
            }
            return scope.ret(attend(queries, keys, values, seen, null, shape, dropout, training));
        }
    }

    /**
     * Attention under a pattern and a mask of the caller's, such as one that hides padding.
     *
     * @param queries [B, H, N, D]
     * @param keys [B, G, M, D]
     * @param values [B, G, M, D]
     * @param layout the pattern and its layout length
     * @param keep [B, N, M], 1 for pairs to keep and 0 for pairs to mask
     * @param dropout the probability with which an attention weight is dropped while training
     * @param training whether to apply dropout
     * @return [B, H, N, D]
     * @throws InvalidInputException if the mask has another shape, or the other arrays do not fit together
     */
    public NDArray attend(NDArray queries, NDArray keys, NDArray values, AttentionLayout layout, NDArray keep,
            float dropout, boolean training) {
        AttentionShape shape = AttentionShape.of(queries, keys, values).withMask(keep, queries);
        try (NDManager scope = Scopes.over(queries, keys, values, keep)) {
            NDArray seen = seen(scope, layout, shape);
            NDArray kept = keep.toType(DataType.FLOAT32, false).gt(0)
                    .reshape(shape.batch(), 1, 1, shape.queryLength(), shape.keyLength());
            return scope.ret(attend(queries, keys, values, seen.logicalAnd(kept), null, shape, dropout, training));
        }
    }

    /**
     * Attention under a pattern, with numbers that are added to the scores: far below zero they hide a key, as in a mask that DJL's
     * models of several layers hand down; others weigh it.
     *
     * @param queries [B, H, N, D]
     * @param keys [B, G, M, D]
     * @param values [B, G, M, D]
     * @param layout the pattern and its layout length
     * @param offsets floating-point, [B, H, N, M], or 1 in the place of B, H or N for what is the same along it
     * @param dropout the probability with which an attention weight is dropped while training
     * @param training whether to apply dropout
     * @return [B, H, N, D]
     * @throws InvalidInputException if the offsets have another shape or type, or the other arrays do not fit together
     */
    public NDArray attendWithOffsets(NDArray queries, NDArray keys, NDArray values, AttentionLayout layout, NDArray offsets,
            float dropout, boolean training) {
        AttentionShape shape = AttentionShape.of(queries, keys, values).withOffsets(offsets, queries);
        try (NDManager scope = Scopes.over(queries, keys, values, offsets)) {
            Shape own = offsets.getShape();
            NDArray grouped = own.get(1) == 1 ? offsets.expandDims(2)
                    : offsets.reshape(own.get(0), shape.numKvHeads(), shape.group(), own.get(2), own.get(3));
            return scope.ret(attend(queries, keys, values, seen(scope, layout, shape), grouped, shape, dropout, training));
        }
    }

    /** 1 where a head sees a pair: [1, G, H / G, N, M], boolean. */
    private static NDArray seen(NDManager scope, AttentionLayout layout, AttentionShape shape) {
        List<HeadMask> masks = layout.headMasks(shape.numHeads(), shape.keyLength());
        long keys = shape.keyLength();
        long queries = shape.queryLength();
        Shape result = new Shape(1, shape.numKvHeads(), shape.group(), queries, keys);
        if (result.size() <= FEW_PAIRS || masks.stream().anyMatch(mask -> !mask.blocks().isEmpty())) {
            return scope.create(visibility(masks, shape.queryLength(), shape.keyLength()), result, DataType.BOOLEAN);
        }
        NDArray key = scope.arange(0, keys, 1, DataType.INT64).reshape(1, keys);
        NDArray query = scope.arange(keys - queries, keys, 1, DataType.INT64).reshape(queries, 1);
        NDArray distance = query.sub(key);
        NDArray prefixes = scope.create(masks.stream().mapToLong(HeadMask::prefixKeys).toArray(), new Shape(masks.size(), 1, 1));
        NDArray atDistance = distances(scope, masks, (int) keys).get(new NDIndex(":, {}", distance.maximum(0L)));
        return atDistance.logicalOr(key.lt(prefixes)).logicalAnd(distance.gte(0L)).reshape(result);
    }

    /** One byte for each head, query and key: 1 where the head sees the pair. */
    static ByteBuffer visibility(List<HeadMask> masks, int queryLength, int keyLength) {
        if ((long) queryLength * keyLength > Integer.MAX_VALUE / masks.size()) {
            throw new InvalidInputException("the masked kernel needs a mask of " + masks.size() + " x " + queryLength + " x " + keyLength
                    + " bytes, more than an array holds: choose another kernel, or a shorter sequence");
        }
        ByteBuffer seen = ByteBuffer.allocate(masks.size() * queryLength * keyLength);
        int offset = keyLength - queryLength;
        byte[] row = new byte[keyLength];
        for (HeadMask mask : masks) {
            for (int query = 0; query < queryLength; query++) {
                MaskRow.fill(mask, query + offset, row);
                seen.put(row);
            }
        }
        return seen.flip();
    }

    /** Whether each head sees keys at each distance below the length: [H, M], boolean. */
    private static NDArray distances(NDManager scope, List<HeadMask> masks, int length) {
        boolean[] seen = new boolean[Math.multiplyExact(masks.size(), length)];
        for (int i = 0; i < seen.length; i++) {
            seen[i] = masks.get(i / length).seesDistance(i % length);
        }
        return scope.create(seen, new Shape(masks.size(), length));
    }

    private static NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray seen, NDArray offsets, AttentionShape shape,
            float dropout, boolean training) {
        if (queries.getDataType() != DataType.FLOAT32 && queries.getDataType() != DataType.FLOAT64) {
            // 16 bits have no room for the mask's values, and DJL no name for one of their types
            return Bfloat16.asTypeOf(attend(Bfloat16.toFloat32(queries), Bfloat16.toFloat32(keys), Bfloat16.toFloat32(values),
                    seen, offsets, shape, dropout, training), queries);
        }
        NDArray q = queries.reshape(shape.batch(), shape.numKvHeads(), shape.group(), shape.queryLength(), shape.headDim());
        NDArray k = keys.expandDims(2);
        NDArray v = values.expandDims(2);
        NDArray scale = EngineArrays.scalar(queries, 1 / Math.sqrt(shape.headDim()));
        NDArray scores = q.mul(scale).matMul(k.swapAxes(-1, -2));
        NDArray weightOfSeen = seen.toType(scores.getDataType(), false);
        NDArray masked = scores.mul(weightOfSeen).add(weightOfSeen.sub(1).mul(-FORBIDDEN));
        if (offsets != null) {
            masked = masked.add(offsets.toType(scores.getDataType(), false).maximum(FORBIDDEN)); // an infinite one would give NaN
        }
        // the second product empties rows that see nothing: softmax spreads their weight evenly
        NDArray probabilities = masked.softmax(-1).mul(weightOfSeen);
        if (training && dropout > 0) {
            probabilities = Dropout.dropout(probabilities, dropout, true).singletonOrThrow();
        }
        return probabilities.matMul(v).reshape(shape.batch(), shape.numHeads(), shape.queryLength(), shape.headDim());
    }
}
