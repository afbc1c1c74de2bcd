package ai.spattention.pattern;

import ai.spattention.common.InvalidInputException;

/**
 * Decides, head by head, which keys a query sees, by positions alone; {@link LshSettings} alone by the tokens. Implementations are
 * immutable and safe for use by many threads.
 *
 * <p>Saved models name their pattern; {@link Patterns} says how one of your own is found again.
 *
 * @see StandardPattern
 */
public interface AttentionPattern {

    /**
     * The name by which configurations and saved models know the pattern.
     *
     * @return a short lower-case name, not one of {@link StandardPattern}'s
     */
    String patternName();

    /**
     * What a head sees.
     *
     * @param head h, from 0 to numHeads - 1
     * @param numHeads H, at least 1
     * @param layoutLength L, at least 1: the length from which bands are computed
     * @return the head's mask, valid for sequences of any length
     */
    HeadMask headMask(int head, int numHeads, int layoutLength);

    /**
     * Whether what a query sees depends on the tokens, so that no head has a mask and {@link #headMask} refuses.
     *
     * @return false unless a pattern says otherwise
     */
    default boolean dependsOnData() {
        return false;
    }

    /**
     * The exact number of (query, key) pairs that all heads together compute. Unless a pattern knows better, as the standard
     * ones do, its heads are asked one by one.
     *
     * @param numHeads H, at least 1
     * @param layoutLength L, at least 1
     * @param length N, the sequence at hand
     * @return the number of allowed pairs
     * @throws InvalidInputException if there is no head, the heads are too many to be asked one by one, or the pairs are more
     *     than a long holds
     */
    default long allowedPairs(int numHeads, int layoutLength, int length) {
        Require.heads(numHeads);
        if (numHeads > Require.MOST_HEADS_ONE_BY_ONE) {
            throw new InvalidInputException("the pairs of pattern '" + patternName() + "' are counted head by head, for at most "
                    + Require.MOST_HEADS_ONE_BY_ONE + " heads (got " + numHeads + "): use fewer heads, or give the pattern an"
                    + " allowedPairs of its own");
        }
        try {
            long pairs = 0;
            for (int head = 0; head < numHeads; head++) {
                pairs = Math.addExact(pairs, headMask(head, numHeads, layoutLength).allowedPairs(length));
            }
            return pairs;
        } catch (ArithmeticException e) {
            throw Require.tooManyPairs(numHeads, length, e);
        }
    }
}
