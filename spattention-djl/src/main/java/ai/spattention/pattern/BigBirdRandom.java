package ai.spattention.pattern;

import ai.spattention.common.InvalidInputException;
import java.util.List;

/**
 * BigBird's block-sparse attention as its paper has it (arXiv 2007.14062, section 2 and the appendix on implementation: window, global
 * and random attention by blocks), causal.
 *
 * <p>With blocks of b = clamp(L div 32, 1, 64) positions, L the layout length, a query of block q sees, of what is not after it:
 *
 * <ul>
 *   <li>its own block and the one before (window);
 *   <li>the first 2 blocks (global; they see all their past, which is among them);
 *   <li>3 of the other blocks, 2 to q - 2, or all where there are fewer (random): drawn for each head and q from the seed alone
 *       ({@link KeyBlocks}), the same in every run, sequence and layer, whatever their length.
 * </ul>
 *
 * <p>Its name is {@code bigbird-random} with the default seed, 0, else {@code bigbird-random:SEED}.
 *
 * @param seed what is drawn
 */
public record BigBirdRandom(long seed) implements AttentionPattern {

    static final String NAME = "bigbird-random";

    private static final int WINDOW = 2;
    private static final int GLOBAL = 2;
    private static final int RANDOM = 3;

    /** The pattern with the seed 0. */
    public BigBirdRandom() {
        this(0);
    }

    /** The pattern of its name without or with a setting. */
    static BigBirdRandom named(String name) {
        try {
            return name.equals(NAME) ? new BigBirdRandom() : new BigBirdRandom(Long.parseLong(name.substring(NAME.length() + 1)));
        } catch (NumberFormatException e) {
            throw new InvalidInputException("random blocks are written " + NAME + ":SEED, with a whole number (got '" + name + "')", e);
        }
    }

    @Override
    public String patternName() {
        return seed == 0 ? NAME : NAME + ":" + seed;
    }

    @Override
    public HeadMask headMask(int head, int numHeads, int layoutLength) {
        Require.headAndLayout(head, numHeads, layoutLength);
        int size = blockSize(layoutLength);
        return new HeadMask(List.of(), GLOBAL * size, Stride.NONE,
                new KeyBlocks(size, WINDOW, RANDOM, GLOBAL, KeyBlocks.seed(seed, head)));
    }

    /** In closed form: how many blocks are seen does not depend on which are drawn. */
    @Override
    public long allowedPairs(int numHeads, int layoutLength, int length) {
        Require.headAndLayout(0, numHeads, layoutLength);
        long size = blockSize(layoutLength);
        long whole = Math.max(0, length) / size;
        long left = Math.max(0, length) % size;
        long most = WINDOW - 1 + GLOBAL + RANDOM; // earlier blocks
        long few = Math.min(whole, most);
        long earlier = few * (few - 1) / 2 + (whole - few) * most;
        long pairs = whole * (size * (size + 1) / 2) + left * (left + 1) / 2 + size * size * earlier + left * size * few;
        try {
            return Math.multiplyExact(numHeads, pairs);
        } catch (ArithmeticException e) {
            throw Require.tooManyPairs(numHeads, length, e);
        }
    }

    private static int blockSize(int layoutLength) {
        return Math.max(1, Math.min(64, layoutLength / 32));
    }
}
