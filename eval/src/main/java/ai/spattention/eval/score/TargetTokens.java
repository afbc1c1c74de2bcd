package ai.spattention.eval.score;

import ai.spattention.olmoe.io.Sha256;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * A request as tokens.
 *
 * @param group requests with the same number come from one question and often share their beginning
 * @param input what the model reads, N ids
 * @param targets what the last positions are to predict, C ids, 1 to N of them
 */
public record TargetTokens(long group, int[] input, int[] targets) {

    private static final int KEY_BYTES = 12;

    /** The position whose prediction is the first target. */
    int firstPosition() {
        return input.length - targets.length;
    }

    /** What the result depends on besides the model, short. */
    String key() {
        ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * (1 + input.length + targets.length));
        bytes.putInt(input.length);
        Arrays.stream(input).forEach(bytes::putInt);
        Arrays.stream(targets).forEach(bytes::putInt);
        MessageDigest digest = Sha256.digest();
        return HexFormat.of().formatHex(digest.digest(bytes.array()), 0, KEY_BYTES);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TargetTokens tokens && group == tokens.group && Arrays.equals(input, tokens.input)
                && Arrays.equals(targets, tokens.targets);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(input) + Arrays.hashCode(targets);
    }

    @Override
    public String toString() {
        return "TargetTokens[group=" + group + ", input=" + Arrays.toString(input) + ", targets=" + Arrays.toString(targets)
                + "]";
    }
}
