package ai.spattention.pattern;

import ai.spattention.common.InvalidInputException;
import java.util.Arrays;

/**
 * Keys that a query sees by where both stand: positions are cut into blocks of b, and a query of block q sees the keys of
 * {@code nearest} blocks up to its own, and of {@code random} earlier blocks that are drawn for block q, or of all where there are fewer.
 *
 * <p>The draw depends on the seed and q alone, so that it is the same in sequences of any length. With mix the finaliser of SplitMix64
 * and g = 0x9E3779B97F4A7C15, s = mix(seed + g (q + 1)); the candidates are the blocks {@code first}, ..., q - max(nearest, 1), c of them;
 * for t = 1, ..., r and m = c - r + t the candidate number mix(s + g t) mod m is taken, or, if it has been already, number m - 1 (Floyd's
 * way to draw r of c).
 *
 * @param size b, the positions of a block, at least 1
 * @param nearest how many blocks a query sees up to its own, that one included, at least 0
 * @param random r, how many earlier blocks it sees besides, at least 0
 * @param first the first block that may be drawn, at least 0
 * @param seed what is drawn
 */
public record KeyBlocks(int size, int nearest, int random, int first, long seed) {

    /** No blocks. */
    public static final KeyBlocks NONE = new KeyBlocks(1, 0, 0, 0, 0);

    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    /** Checks the numbers. */
    public KeyBlocks {
        if (size < 1 || nearest < 0 || random < 0 || first < 0) {
            throw new InvalidInputException("blocks of keys need a size of at least 1 and no negative number of blocks (got size " + size
                    + ", nearest " + nearest + ", random " + random + ", first " + first + ")");
        }
    }

    /**
     * The blocks whose keys a block of queries sees, as far as they do not come after the query.
     *
     * @param queryBlock q, at least 0
     * @return the blocks, ascending
     */
    public int[] of(int queryBlock) {
        int near = Math.min(nearest, queryBlock + 1);
        int candidates = Math.max(0, queryBlock - Math.max(nearest, 1) + 1 - first);
        int drawn = Math.min(random, candidates);
        int[] blocks = new int[drawn + near];
        long start = mix(seed + GOLDEN * (queryBlock + 1L));
        for (int i = 0; i < drawn; i++) {
            int most = candidates - drawn + i;
            int block = first + (drawn == candidates ? i : (int) Math.floorMod(mix(start + GOLDEN * (i + 1)), most + 1L));
            blocks[i] = contains(blocks, i, block) ? first + most : block;
        }
        for (int i = 0; i < near; i++) {
            blocks[drawn + i] = queryBlock - near + 1 + i;
        }
        Arrays.sort(blocks);
        return blocks;
    }

    private static boolean contains(int[] blocks, int end, int block) {
        for (int i = 0; i < end; i++) {
            if (blocks[i] == block) {
                return true;
            }
        }
        return false;
    }

    /**
     * Whether a query sees a key by its block.
     *
     * @param query the query's position i
     * @param key the key's position j, at most i
     * @return whether j's block is one of those of i's
     */
    public boolean sees(int query, int key) {
        return !isEmpty() && Arrays.binarySearch(of(query / size), key / size) >= 0;
    }

    /**
     * Whether no key is seen by its block.
     *
     * @return true if there are no blocks
     */
    public boolean isEmpty() {
        return nearest == 0 && random == 0;
    }

    /** The seed of one of several draws that have nothing to do with each other. */
    static long seed(long seed, int which) {
        return mix(seed + GOLDEN * (which + 1L));
    }

    private static long mix(long z) {
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }
}
