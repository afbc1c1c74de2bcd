package ai.spattention.attention.fused;

import ai.spattention.attention.AttentionCall;
import java.util.List;
import java.util.Map;

/**
 * Which of the compiled variants of each kernel computes an attention.
 *
 * @param numbers the numbers' type and how they are multiplied: bf16, fp16, fp32 or tf32
 * @param headDim the head dimension, one that there is code for
 * @param reach what the heads see
 * @param documents whether several documents are packed into a sequence
 * @param dropout whether attention weights are dropped
 */
record FusedCode(String numbers, int headDim, HeadReach reach, boolean documents, boolean dropout) {

    static final int LARGEST_HEAD_DIM = 256;

    private static final int SMALLEST_HEAD_DIM = 32;

    /** The mean ranges from which on the wide kernels are the faster ones: measured on an H200, docs/benchmarks.md. */
    private static final Map<String, Integer> WIDE_FROM = Map.of("forward", 1024, "backward_queries", 1500, "backward", 4096);

    /** The code for a call whose head table fits: for float32 there are two, of which a launch takes what libtorch then allows. */
    static List<FusedCode> of(AttentionCall call) {
        List<String> numbers = switch (call.type()) {
            case BFLOAT16 -> List.of("bf16");
            case FLOAT16 -> List.of("fp16");
            default -> List.of("fp32", "tf32");
        };
        HeadReach reach = HeadTable.of(call.headMasks(), call.keyLength()).reach(call.queryLength(), call.keyLength());
        return numbers.stream().map(each -> new FusedCode(each, filledUp(call.headDim()), reach, call.documents(), call.dropout())).toList();
    }

    /** The least head dimension with code that holds a head: a power of two. fused.torchscript knows it, too. */
    static int filledUp(int headDim) {
        return Math.max(SMALLEST_HEAD_DIM, Integer.highestOneBit(2 * headDim - 1));
    }

    /** Whether one kernel computes all gradients on a GPU: kernels of the names that are given to {@link #wide}. */
    boolean isJoint(int computeCapability) {
        return reach.lone() && isWide("backward", computeCapability);
    }

    /** The variant of a kernel for a GPU, without the architecture. */
    String name(String kernel, int computeCapability) {
        return isWide(kernel, computeCapability) ? wide(kernel) : name(kernel, (dropout ? "dropout" : reach.general() ? "general" : "ranges") + (documents ? "_documents" : ""));
    }

    /** The variant of a kernel for long ranges, without the architecture. */
    String wide(String kernel) {
        return name(kernel, "wide");
    }

    private boolean isWide(String kernel, int computeCapability) {
        return !reach.general() && !documents && !dropout && reach.meanRange() >= WIDE_FROM.getOrDefault(kernel, Integer.MAX_VALUE)
                && BandedAttention.LIBRARY.find(wide(kernel), computeCapability).isPresent();
    }

    private String name(String kernel, String feature) {
        return kernel + "-" + feature + "-" + numbers + "-d" + headDim;
    }
}
