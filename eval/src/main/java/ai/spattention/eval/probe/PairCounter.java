package ai.spattention.eval.probe;

import java.util.Arrays;
import java.util.function.LongPredicate;

/**
 * Finds the common ones among very many pairs in little memory: with k counters every pair that makes up more than 1 / (k + 1) of
 * them is among those kept (Misra and Gries, 1982, "Finding repeated elements"). Which of these are common a second look tells, that
 * counts them exactly.
 */
final class PairCounter {

    private static final long FREE = -1; // no pair of ids: they are not negative

    private final int most;
    private final long[] keys;
    private final long[] counts;
    private int size;

    /** Creates a counter that keeps at most so many pairs. */
    PairCounter(int most) {
        this.most = most;
        keys = new long[Integer.highestOneBit(Math.max(2, most)) << 2];
        counts = new long[keys.length];
        Arrays.fill(keys, FREE);
    }

    static long pair(long first, long second) {
        return first << Integer.SIZE | second;
    }

    /** Counts a pair. Where no counter is left, every counter, and this pair, loses one. */
    void add(long pair) {
        int slot = slot(pair);
        if (keys[slot] == pair) {
            counts[slot]++;
        } else if (size < most) {
            put(slot, pair, 1);
        } else {
            loseOne();
        }
    }

    /** Counts a pair again, if it is kept. */
    void addKept(long pair) {
        int slot = slot(pair);
        if (keys[slot] == pair) {
            counts[slot]++;
        }
    }

    /** Begins to count again those that are kept. */
    void clearCounts() {
        Arrays.fill(counts, 0);
    }

    /** The pairs whose count is wanted, ascending. */
    long[] pairs(LongPredicate wanted) {
        long[] found = new long[size];
        int next = 0;
        for (int slot = 0; slot < keys.length; slot++) {
            if (keys[slot] != FREE && wanted.test(counts[slot])) {
                found[next++] = keys[slot];
            }
        }
        long[] pairs = Arrays.copyOf(found, next);
        Arrays.sort(pairs);
        return pairs;
    }

    /** Each call takes at least as many counts away as it goes over slots, so that in the mean it costs nothing. */
    private void loseOne() {
        long[] oldKeys = keys.clone();
        long[] oldCounts = counts.clone();
        Arrays.fill(keys, FREE);
        size = 0;
        for (int slot = 0; slot < oldKeys.length; slot++) {
            if (oldKeys[slot] != FREE && oldCounts[slot] > 1) {
                put(slot(oldKeys[slot]), oldKeys[slot], oldCounts[slot] - 1);
            }
        }
    }

    private void put(int slot, long pair, long count) {
        keys[slot] = pair;
        counts[slot] = count;
        size++;
    }

    /** Where a pair is, or would be put. */
    private int slot(long pair) {
        long mixed = pair * 0x9E3779B97F4A7C15L;
        int slot = (int) (mixed ^ mixed >>> Integer.SIZE) & keys.length - 1;
        while (keys[slot] != FREE && keys[slot] != pair) {
            slot = slot + 1 & keys.length - 1;
        }
        return slot;
    }
}
