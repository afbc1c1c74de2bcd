package ai.spattention.pattern;

import ai.spattention.common.InvalidInputException;
import java.util.List;

/**
 * Longformer's sliding window, dilated in some heads, as its language models have it (arXiv 2004.05150, section 3.1, "Sliding Window" and
 * "Dilated Sliding Window", and section 4.1: dilation in two heads, no global attention), causal.
 *
 * <p>With W = clamp(L div 4, 1, 256), L the layout length, heads see the W + 1 distances 0, 1, ..., W, and the last min(2, H div 2) of
 * them as many with gaps: 0, D, 2 D, ..., W D for a dilation D. A single head is not dilated. Its name is {@code longformer-dilated} with
 * the default, D = 2, else {@code longformer-dilated:DILATION}.
 *
 * @param dilation D, at least 2
 */
public record LongformerDilated(int dilation) implements AttentionPattern {

    static final String NAME = "longformer-dilated";

    private static final int DEFAULT_DILATION = 2;
    private static final int MOST_DILATED_HEADS = 2;

    /** Checks the dilation. */
    public LongformerDilated {
        if (dilation < 2) {
            throw new InvalidInputException("a dilation must be at least 2 (got " + dilation + ")");
        }
    }

    /** The pattern with a dilation of 2. */
    public LongformerDilated() {
        this(DEFAULT_DILATION);
    }

    /** The pattern of its name without or with a setting. */
    static LongformerDilated named(String name) {
        try {
            return name.equals(NAME) ? new LongformerDilated() : new LongformerDilated(Integer.parseInt(name.substring(NAME.length() + 1)));
        } catch (NumberFormatException e) {
            throw new InvalidInputException("dilated windows are written " + NAME + ":DILATION, with a whole number of at least 2 (got '"
                    + name + "')", e);
        }
    }

    @Override
    public String patternName() {
        return dilation == DEFAULT_DILATION ? NAME : NAME + ":" + dilation;
    }

    @Override
    public HeadMask headMask(int head, int numHeads, int layoutLength) {
        Require.headAndLayout(head, numHeads, layoutLength);
        return head < numHeads - dilatedHeads(numHeads) ? window(layoutLength) : dilatedWindow(layoutLength);
    }

    @Override
    public long allowedPairs(int numHeads, int layoutLength, int length) {
        Require.headAndLayout(0, numHeads, layoutLength);
        int dilated = dilatedHeads(numHeads);
        try {
            return Math.addExact(Math.multiplyExact(numHeads - dilated, window(layoutLength).allowedPairs(length)),
                    Math.multiplyExact(dilated, dilatedWindow(layoutLength).allowedPairs(length)));
        } catch (ArithmeticException e) {
            throw Require.tooManyPairs(numHeads, length, e);
        }
    }

    private static int dilatedHeads(int numHeads) {
        return Math.min(MOST_DILATED_HEADS, numHeads / 2);
    }

    private static HeadMask window(int layoutLength) {
        return HeadMask.ofBands(StandardPattern.window(StandardPattern.windowOfLongformer(layoutLength)));
    }

    private HeadMask dilatedWindow(int layoutLength) {
        long end = (long) StandardPattern.windowOfLongformer(layoutLength) * dilation + 1;
        return new HeadMask(List.of(), 0, new Stride(dilation, List.of(0), (int) Math.min(end, Stride.UNBOUNDED)));
    }
}
