package ai.spattention.pattern;

import ai.spattention.common.InvalidInputException;

/** The checks that patterns and bands share. */
final class Require {

    /** So many heads are asked one by one in less than a second. */
    static final int MOST_HEADS_ONE_BY_ONE = 1 << 20;

    private Require() {}

    static void heads(int numHeads) {
        if (numHeads < 1) {
            throw new InvalidInputException("the number of heads must be at least 1 (got " + numHeads + ")");
        }
    }

    static void headAndLayout(int head, int numHeads, int layoutLength) {
        heads(numHeads);
        if (head < 0 || head >= numHeads) {
            throw new InvalidInputException("head must lie in [0, number of heads) (got head " + head + " of "
                    + numHeads + ")");
        }
        if (layoutLength < 1) {
            throw new InvalidInputException("the layout length must be at least 1 (got " + layoutLength + ")");
        }
    }

    static InvalidInputException tooManyPairs(int numHeads, int length, ArithmeticException overflow) {
        return new InvalidInputException(numHeads + " heads over a sequence of " + length + " see more pairs of query and key"
                + " than can be counted (" + Long.MAX_VALUE + "): use fewer heads or a shorter sequence", overflow);
    }
}
