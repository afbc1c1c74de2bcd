package ai.spattention.attention.fused;

import ai.spattention.attention.AttentionCall;
import java.util.List;

/**
 * Which of the compiled variants of each kernel computes an attention.
 *
 * @param numbers the numbers' type and how they are multiplied: bf16, fp16, fp32 or tf32
 * @param headDim the head dimension, one that there is code for
 * @param general whether a head has a prefix or a stride
 * @param documents whether several documents are packed into a sequence
 * @param dropout whether attention weights are dropped
 */
record FusedCode(String numbers, int headDim, boolean general, boolean documents, boolean dropout) {

    static final int LARGEST_HEAD_DIM = 256;

    private static final int SMALLEST_HEAD_DIM = 32;

    /** The code for a call whose head table fits: for float32 there are two, of which a launch takes what libtorch then allows. */
    static List<FusedCode> of(AttentionCall call) {
        List<String> numbers = switch (call.type()) {
            case BFLOAT16 -> List.of("bf16");
            case FLOAT16 -> List.of("fp16");
            default -> List.of("fp32", "tf32");
        };
        boolean general = HeadTable.of(call.headMasks(), call.keyLength()).general();
        return numbers.stream().map(each -> new FusedCode(each, filledUp(call.headDim()), general, call.documents(), call.dropout())).toList();
    }

    /** The least head dimension with code that holds a head: a power of two. fused.torchscript knows it, too. */
    static int filledUp(int headDim) {
        return Math.max(SMALLEST_HEAD_DIM, Integer.highestOneBit(2 * headDim - 1));
    }

    /** The variant of a kernel, without the architecture. */
    String name(String kernel) {
        String feature = (dropout ? "dropout" : general ? "general" : "ranges") + (documents ? "_documents" : "");
        return kernel + "-" + feature + "-" + numbers + "-d" + headDim;
    }
}
