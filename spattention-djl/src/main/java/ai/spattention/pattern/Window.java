package ai.spattention.pattern;

import ai.spattention.common.InvalidInputException;

/**
 * A sliding window of one width in all heads, d &lt;= farthest, whatever the layout length. Its name is {@code window:FARTHEST};
 * {@link StandardPattern#WINDOW} chooses the width by itself.
 *
 * @param farthest the largest distance that is seen, at least 0
 */
public record Window(int farthest) implements AttentionPattern {

    static final String NAME = StandardPattern.WINDOW.patternName();

    private static final String PREFIX = NAME + ":";

    /** Checks the width. */
    public Window {
        if (farthest < 0) {
            throw new InvalidInputException("a window's farthest distance must be at least 0 (got " + farthest + ")");
        }
    }

    /** The window of a name that begins as theirs do. */
    static Window named(String name) {
        try {
            return new Window(Integer.parseInt(name.substring(PREFIX.length())));
        } catch (NumberFormatException e) {
            throw new InvalidInputException("a window is written " + PREFIX + "W, with the farthest distance W that is seen, a whole"
                    + " number of at least 0 (got '" + name + "')", e);
        }
    }

    @Override
    public String patternName() {
        return PREFIX + farthest;
    }

    @Override
    public HeadMask headMask(int head, int numHeads, int layoutLength) {
        Require.headAndLayout(head, numHeads, layoutLength);
        return HeadMask.ofBands(StandardPattern.window(farthest));
    }

    @Override
    public long allowedPairs(int numHeads, int layoutLength, int length) {
        Require.headAndLayout(0, numHeads, layoutLength);
        try {
            return Math.multiplyExact(numHeads, HeadMask.ofBands(StandardPattern.window(farthest)).allowedPairs(length));
        } catch (ArithmeticException e) {
            throw Require.tooManyPairs(numHeads, length, e);
        }
    }
}
