package ai.spattention.train.data;

/**
 * The order in which the sequences of an epoch come: a permutation of [0, count) that depends on seed and epoch alone and is
 * computed element by element, so that no list is held however many sequences there are.
 *
 * <p>It is a Feistel network of six rounds on the smallest even number of bits that holds the count; results that are too
 * large are sent through it again ("cycle walking", Black and Rogaway 2002), which keeps it a permutation.
 */
public final class SequenceOrder {

    private static final int ROUNDS = 6;

    private final long count;
    private final int halfBits;
    private final long[] keys = new long[ROUNDS];

    /**
     * Creates an order.
     *
     * @param count the number of sequences, at least 1
     * @param seed the data's seed
     * @param epoch the epoch, from 0 on
     */
    public SequenceOrder(long count, long seed, long epoch) {
        this.count = count;
        int bits = 64 - Long.numberOfLeadingZeros(Math.max(1, count - 1));
        halfBits = (bits + 1) / 2;
        long state = mix(seed) ^ mix(epoch + 0x5DEECE66DL);
        for (int i = 0; i < ROUNDS; i++) {
            state = mix(state + 0x9E3779B97F4A7C15L);
            keys[i] = state;
        }
    }

    /**
     * The sequence that comes at a place.
     *
     * @param place in [0, count)
     * @return its index, in [0, count)
     */
    public long at(long place) {
        long value = place;
        do {
            value = permute(value);
        } while (value >= count);
        return value;
    }

    private long permute(long value) {
        long mask = (1L << halfBits) - 1;
        long left = value >>> halfBits;
        long right = value & mask;
        for (long key : keys) {
            long next = left ^ mix(right ^ key) & mask;
            left = right;
            right = next;
        }
        return left << halfBits | right;
    }

    /** The finaliser of SplitMix64. */
    private static long mix(long value) {
        long mixed = (value ^ value >>> 30) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94D049BB133111EBL;
        return mixed ^ mixed >>> 31;
    }
}
