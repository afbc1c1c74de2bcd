package ai.spattention.attention.engine;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.spattention.attention.AttentionCall;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.PlanCache;
import ai.spattention.attention.PlanMemory;
import ai.spattention.pattern.HeadMask;
import ai.spattention.torch.Bfloat16;
import ai.spattention.torch.EngineArrays;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Every score by libtorch's fused kernel ({@code scaled_dot_product_attention}) under a mask: where sequences are short, that costs less
 * than the bookkeeping of those scores that a pattern allows. The mask is kept for the next call, so sequences cannot be long.
 */
public final class SdpaKernel implements AttentionKernel {

    /** So many numbers a mask has at most, 64 MiB in float32. */
    private static final long MOST_PAIRS = 1 << 24;

    private final PlanCache<PlanKey, DevicePlan> plans = new PlanCache<>(SdpaKernel::build, plan -> plan.manager.close());

    private record PlanKey(List<HeadMask> masks, int queryLength, int keyLength, Device device, DataType type) {}

    /**
     * A mask on a device, [1, H, N, M], or [1, 1, N, M] where all heads see the same.
     *
     * @param seen true for pairs that are seen
     * @param bias what is added to scores
     * @param emptyRows whether some query sees nothing
     */
    private record DevicePlan(NDManager manager, NDArray seen, NDArray bias, boolean emptyRows) {}

    @Override
    public String name() {
        return "sdpa";
    }

    @Override
    public Optional<String> unsupported(AttentionCall call) {
        if (call.unsupportedPattern().isPresent()) {
            return call.unsupportedPattern();
        }
        List<HeadMask> masks = distinct(call.headMasks());
        long most = MOST_PAIRS / masks.size();
        return (long) call.queryLength() * call.keyLength() <= most ? Optional.empty()
                : Optional.of("it keeps a mask of every pair, at most " + MOST_PAIRS + " in all (got " + masks.size() + " masks of "
                        + call.queryLength() + " x " + call.keyLength() + ")");
    }

    /** One where all heads see the same. */
    private static List<HeadMask> distinct(List<HeadMask> masks) {
        return masks.stream().distinct().count() == 1 ? masks.subList(0, 1) : masks;
    }

    @Override
    public NDArray attend(NDArray queries, NDArray keys, NDArray values, NDArray documents, AttentionLayout layout, float dropout,
            boolean training) {
        AttentionCall call = AttentionCall.ofAttend(queries, keys, values, documents, layout, dropout, training);
        call.requireFit(this);
        PlanKey key = new PlanKey(distinct(call.headMasks()), call.queryLength(), call.keyLength(), queries.getDevice(), call.type());
        return plans.use(key, plan -> {
            Object[] arguments = {queries, keys, values, documents, training ? dropout : 0, plan.seen, plan.bias, plan.emptyRows};
            return (training ? AttentionOperators.module().call("sdpa", arguments) : AttentionOperators.module().infer("sdpa", arguments))
                    .singletonOrThrow();
        });
    }

    private static DevicePlan build(PlanKey key) {
        return PlanMemory.with("masks", key.device, manager -> build(key, manager));
    }

    private static DevicePlan build(PlanKey key, NDManager manager) {
        ByteBuffer pairs = MaskedKernel.visibility(key.masks, key.queryLength, key.keyLength);
        boolean emptyRows = hasEmptyRow(pairs.duplicate(), key.keyLength);
        NDArray seen = EngineArrays.of(manager, pairs, new Shape(1, key.masks.size(), key.queryLength, key.keyLength));
        NDArray bias;
        try (NDArray one = manager.ones(new Shape(1)); NDArray like = key.type == DataType.BFLOAT16 ? Bfloat16.of(one) : one.toType(key.type, true)) {
            bias = AttentionOperators.module().call("bias", seen, like).singletonOrThrow();
            bias.attach(manager);
        }
        return new DevicePlan(manager, seen, bias, emptyRows);
    }

    private static boolean hasEmptyRow(ByteBuffer pairs, int keyLength) {
        byte[] empty = new byte[keyLength];
        byte[] row = new byte[keyLength];
        while (pairs.hasRemaining()) {
            pairs.get(row);
            if (Arrays.equals(row, empty)) {
                return true;
            }
        }
        return false;
    }
}
