package ai.spattention.examples;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.pattern.HeadMask;
import ai.spattention.torch.EngineArrays;
import java.util.List;
import java.util.Optional;

/**
 * An attention kernel of one's own, in DJL's operations: one head after another, so that no more than N × M scores a sequence are there at
 * once. {@code META-INF/services/ai.spattention.attention.AttentionKernel} lists the class, so that {@code optKernel("head-by-head")} finds
 * it, and its test inherits what every kernel is held to.
 */
public final class HeadByHeadKernel implements AttentionKernel {

    /** Far below any score, yet finite: a row of nothing else stays free of NaN. */
    private static final double FORBIDDEN = -1e30;

    @Override
    public String name() {
        return "head-by-head";
    }

    @Override
    public Optional<String> unsupported(AttentionCall call) {
        if (call.documents()) {
            return Optional.of("it cannot keep packed documents apart");
        }
        if (call.dropout()) {
            return Optional.of("it cannot drop attention weights");
        }
        if (call.type() != DataType.FLOAT32 && call.type() != DataType.FLOAT64) {
            return Optional.of("it takes float32 or float64 (got " + call.typeName() + ")");
        }
        return call.unsupportedPattern();
    }

    @Override
    public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout, float dropout,
            boolean training) {
        AttentionCall call = AttentionCall.ofAttend(queries, keys, values, documents, layout, dropout, training);
        call.requireFit(this);
        try (NDManager scope = NDManager.subManagerOf(queries)) {
            scope.tempAttachAll(queries, keys, values);
            List<HeadMask> masks = call.headMasks();
            // not div(a number): its hidden array would be gone when the gradient needs it
            NDArray scale = EngineArrays.scalar(queries, 1 / Math.sqrt(call.headDim()));
            NDList heads = new NDList();
            for (int head = 0; head < masks.size(); head++) {
                int shared = head / (call.numHeads() / call.numKvHeads());
                NDArray seen = seen(scope, masks.get(head), call).toType(queries.getDataType(), false);
                NDArray scores = queries.get(":, " + head).matMul(keys.get(":, " + shared).swapAxes(-1, -2)).mul(scale);
                NDArray masked = scores.mul(seen).add(seen.sub(1).mul(-FORBIDDEN));
                heads.add(masked.softmax(-1).mul(seen).matMul(values.get(":, " + shared)));
            }
            return scope.ret(NDArrays.stack(heads, 1));
        }
    }

    /** 1 where the head sees a pair: [N, M]. The queries are the last of the positions. */
    private static NDArray seen(NDManager manager, HeadMask mask, AttentionCall call) {
        boolean[] seen = new boolean[call.queryLength() * call.keyLength()];
        int earlier = call.keyLength() - call.queryLength();
        for (int i = 0; i < seen.length; i++) {
            seen[i] = mask.sees(earlier + i / call.keyLength(), i % call.keyLength());
        }
        return manager.create(seen, new Shape(call.queryLength(), call.keyLength()));
    }
}
