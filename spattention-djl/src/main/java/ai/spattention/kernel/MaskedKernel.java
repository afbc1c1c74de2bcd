package ai.spattention.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.norm.Dropout;
import ai.spattention.pattern.HeadMask;
import ai.spattention.torch.Bfloat16;
import ai.spattention.torch.EngineArrays;
import ai.spattention.torch.Scopes;

/**
 * The obvious reference: every score is computed, those that the pattern forbids are masked. DJL operations only; time
 * and memory grow with H · N · M.
 */
public final class MaskedKernel implements AttentionKernel {

    /** Far below any score, yet finite: a row of nothing else stays free of NaN. */
    private static final double FORBIDDEN = -1e30;

    @Override
    public String name() {
        return "masked";
    }

    @Override
    public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            float dropout, boolean training) {
        AttentionShape shape = AttentionShape.of(queries, keys, values).with(documents);
        try (NDManager scope = Scopes.over(queries, keys, values)) {
            NDArray seen = seen(scope, layout, shape);
            if (documents != null) {
                scope.tempAttachAll(documents);
                NDArray ofQueries = documents.get(new NDIndex(":, {}:", shape.keyLength() - shape.queryLength()));
                seen = seen.logicalAnd(documents.reshape(shape.batch(), 1, 1, 1, shape.keyLength())
                        .eq(ofQueries.reshape(shape.batch(), 1, 1, shape.queryLength(), 1)));
            }
            return scope.ret(attend(queries, keys, values, seen, shape, dropout, training));
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
     */
    public NDArray attend(NDArray queries, NDArray keys, NDArray values, AttentionLayout layout, NDArray keep,
            float dropout, boolean training) {
        AttentionShape shape = AttentionShape.of(queries, keys, values);
        try (NDManager scope = Scopes.over(queries, keys, values, keep)) {
            NDArray seen = seen(scope, layout, shape);
            NDArray kept = keep.toType(DataType.FLOAT32, false).gt(0)
                    .reshape(shape.batch(), 1, 1, shape.queryLength(), shape.keyLength());
            return scope.ret(attend(queries, keys, values, seen.logicalAnd(kept), shape, dropout, training));
        }
    }

    /** 1 where a head sees a pair: [1, G, H / G, N, M], boolean. */
    private static NDArray seen(NDManager scope, AttentionLayout layout, AttentionShape shape) {
        int keys = shape.keyLength();
        int queries = shape.queryLength();
        NDArray key = scope.arange(0, keys, 1, DataType.INT64).reshape(1, keys);
        NDArray query = scope.arange(keys - queries, keys, 1, DataType.INT64).reshape(queries, 1);
        NDArray distance = query.sub(key);
        NDArray past = distance.gte(0L);
        NDArray index = distance.maximum(0L);
        NDList heads = new NDList();
        for (HeadMask mask : layout.headMasks(shape.numHeads(), keys)) {
            NDArray atDistance = scope.create(distances(mask, keys)).take(scope, index);
            heads.add(atDistance.logicalOr(key.lt((long) mask.prefixKeys())).logicalAnd(past));
        }
        return NDArrays.stack(heads).reshape(1, shape.numKvHeads(), shape.group(), queries, keys);
    }

    /** Whether the head sees keys at each distance below the length. */
    private static boolean[] distances(HeadMask mask, int length) {
        boolean[] seen = new boolean[length];
        for (int distance = 0; distance < length; distance++) {
            seen[distance] = mask.seesDistance(distance);
        }
        return seen;
    }

    private static NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray seen, AttentionShape shape,
            float dropout, boolean training) {
        if (queries.getDataType() != DataType.FLOAT32 && queries.getDataType() != DataType.FLOAT64) {
            // 16 bits have no room for the mask's values, and DJL no name for one of their types
            return like(queries, attend(Bfloat16.toFloat32(queries), Bfloat16.toFloat32(keys), Bfloat16.toFloat32(values),
                    seen, shape, dropout, training));
        }
        NDArray q = queries.reshape(shape.batch(), shape.numKvHeads(), shape.group(), shape.queryLength(), shape.headDim());
        NDArray k = keys.expandDims(2);
        NDArray v = values.expandDims(2);
        NDArray scale = EngineArrays.scalar(queries, 1 / Math.sqrt(shape.headDim()));
        NDArray scores = q.mul(scale).matMul(k.swapAxes(-1, -2));
        NDArray weightOfSeen = seen.toType(scores.getDataType(), false);
        NDArray masked = scores.mul(weightOfSeen).add(weightOfSeen.sub(1).mul(-FORBIDDEN));
        // the second product empties rows that see nothing: softmax spreads their weight evenly
        NDArray probabilities = masked.softmax(-1).mul(weightOfSeen);
        if (training && dropout > 0) {
            probabilities = Dropout.dropout(probabilities, dropout, true).singletonOrThrow();
        }
        return probabilities.matMul(v).reshape(shape.batch(), shape.numHeads(), shape.queryLength(), shape.headDim());
    }

    private static NDArray like(NDArray queries, NDArray result) {
        return Bfloat16.is(queries) ? Bfloat16.of(result) : result.toType(queries.getDataType(), false);
    }
}
