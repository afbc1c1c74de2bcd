package ai.spattention.eval.python;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.commons.rng.core.source32.MersenneTwister;

/** CPython's {@code random.Random(seed)}: the same seed gives the same draws. */
public final class PythonRandom {

    private final MersenneTwister bits;

    /**
     * Starts a generator.
     *
     * @param seed the seed, at least 0
     */
    public PythonRandom(int seed) {
        bits = new MersenneTwister(new int[] {seed});
    }

    /**
     * {@code random()}.
     *
     * @return a number in [0, 1), of 53 bits
     */
    public double nextDouble() {
        long high = Integer.toUnsignedLong(bits.nextInt()) >>> 5;
        long low = Integer.toUnsignedLong(bits.nextInt()) >>> 6;
        return (high * 67108864.0 + low) / 9007199254740992.0;
    }

    /**
     * {@code sample(items, count)}.
     *
     * @param items what to draw from
     * @param count how many to draw, at most all
     * @param <T> the items' type
     * @return different items in the order of the draws
     */
    public <T> List<T> sample(List<T> items, int count) {
        int size = items.size();
        int setSize = 21; // CPython: a list's copy while that is smaller than a set of the drawn
        if (count > 5) {
            setSize += 1 << (2 * (int) Math.ceil(Math.log(count * 3.0) / Math.log(4)));
        }
        return size <= setSize ? fromPool(items, count) : byRejection(items, count);
    }

    private <T> List<T> fromPool(List<T> items, int count) {
        List<T> pool = new ArrayList<>(items);
        List<T> drawn = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int place = below(pool.size() - i);
            drawn.add(pool.get(place));
            pool.set(place, pool.get(pool.size() - i - 1));
        }
        return drawn;
    }

    private <T> List<T> byRejection(List<T> items, int count) {
        Set<Integer> seen = new HashSet<>();
        List<T> drawn = new ArrayList<>();
        while (drawn.size() < count) {
            int place = below(items.size());
            if (seen.add(place)) {
                drawn.add(items.get(place));
            }
        }
        return drawn;
    }

    private int below(int limit) {
        int width = Integer.SIZE - Integer.numberOfLeadingZeros(limit);
        int value = bits.nextInt() >>> (Integer.SIZE - width);
        while (value >= limit) {
            value = bits.nextInt() >>> (Integer.SIZE - width);
        }
        return value;
    }
}
