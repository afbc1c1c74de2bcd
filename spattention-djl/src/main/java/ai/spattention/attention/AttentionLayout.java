package ai.spattention.attention;

import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.Patterns;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A pattern with the length from which its bands are computed.
 *
 * @param pattern the pattern
 * @param layoutLength the layout length L, fixed or the sequence at hand
 */
public record AttentionLayout(AttentionPattern pattern, LayoutLength layoutLength) {

    /** Refuses a pattern that calls itself by a standard one's name. */
    public AttentionLayout {
        Patterns.requireOwnName(pattern);
    }

    /**
     * The masks of all heads for a sequence.
     *
     * @param numHeads H
     * @param sequenceLength the number of positions in the sequence, cached ones included
     * @return one mask a head
     */
    public List<HeadMask> headMasks(int numHeads, int sequenceLength) {
        int length = layoutLength.resolve(sequenceLength);
        return IntStream.range(0, numHeads).mapToObj(head -> pattern.headMask(head, numHeads, length)).toList();
    }
}
