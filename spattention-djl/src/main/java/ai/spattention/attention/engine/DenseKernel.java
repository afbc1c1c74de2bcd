package ai.spattention.attention.engine;

import ai.djl.ndarray.NDArray;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.pattern.HeadMask;
import java.util.List;
import java.util.Optional;

/**
 * Dense causal attention through libtorch's own fused kernel (FlashAttention where the device has it): the baseline that
 * every sparse pattern is measured against, and the fastest way to compute a pattern that sees the whole past.
 */
public final class DenseKernel implements AttentionKernel {

    @Override
    public String name() {
        return "dense";
    }

    @Override
    public Optional<String> unsupported(AttentionCall call) {
        if (call.unsupportedPattern().isPresent()) {
            return call.unsupportedPattern();
        }
        if (call.queryLength() != call.keyLength()) {
            return Optional.of("it computes no queries after cached keys (got " + call.queryLength() + " queries and "
                    + call.keyLength() + " keys)");
        }
        List<HeadMask> masks = call.headMasks();
        for (int head = 0; head < masks.size(); head++) {
            if (!seesWholePast(masks.get(head), call.keyLength())) {
                return Optional.of("it computes only attention to the whole past, and head " + head + " sees less");
            }
        }
        return Optional.empty();
    }

    private static boolean seesWholePast(HeadMask mask, int length) {
        return !mask.bands().isEmpty() && mask.bands().get(0).minDistance() == 0
                && mask.bands().get(0).maxDistance() >= length;
    }

    @Override
    public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout,
            float dropout, boolean training) {
        AttentionCall.ofAttend(queries, keys, values, documents, layout, dropout, training).requireFit(this);
        Object[] arguments = {queries, keys, values, documents, training ? dropout : 0};
        return (training ? AttentionOperators.module().call("dense", arguments) : AttentionOperators.module().infer("dense", arguments))
                .singletonOrThrow();
    }
}
