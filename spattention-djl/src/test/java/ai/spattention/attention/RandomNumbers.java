package ai.spattention.attention;

import ai.spattention.attention.conformance.ReferenceAttention.WeightFactors;

/**
 * The random numbers by which the fused kernel drops attention weights, in plain Java: Philox4x32-10 (Salmon et al., Parallel random
 * numbers: as easy as 1, 2, 3, 2011), and what {@code banded_attention.py} makes of it.
 */
public final class RandomNumbers {

    private RandomNumbers() {}

    /** The four words that the generator makes of a counter of four words and a key of two. */
    static int[] philox(int[] counter, int[] key) {
        int[] c = counter.clone();
        int low = key[0];
        int high = key[1];
        for (int round = 0; round < 10; round++) {
            long first = 0xD2511F53L * Integer.toUnsignedLong(c[0]);
            long third = 0xCD9E8D57L * Integer.toUnsignedLong(c[2]);
            c = new int[] {(int) (third >>> 32) ^ c[1] ^ low, (int) third, (int) (first >>> 32) ^ c[3] ^ high, (int) first};
            low += 0x9E3779B9;
            high += 0xBB67AE85;
        }
        return c;
    }

    /** The number in [0, 65536) of a pair: line b H + h of [B H], row of the N queries, key. */
    public static int of(long seed, int line, int row, int key) {
        int word = philox(new int[] {key, row / 8, line, 0}, new int[] {(int) seed, (int) (seed >>> 32)})[row % 8 / 2];
        return (row % 2 == 0 ? word : word >>> 16) & 0xffff;
    }

    /** What weights are multiplied by: 0 where they are dropped, else 1 / (the probability of being kept). */
    public static WeightFactors factors(AttentionDropout dropout) {
        return dropout.rate() == 0 ? WeightFactors.NONE : (line, row, key) ->
                of(dropout.seed(), line, row, key) < dropout.kept() ? (double) AttentionDropout.NUMBERS / dropout.kept() : 0;
    }
}
