package ai.spattention.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SequenceOrderTest {

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 63, 64, 65, 255, 256, 257, 1000, 65_536, 65_537})
    void everySequenceComesOnce(long count) {
        assertPermutation(count, 0, 0);
        assertPermutation(count, -1, 3);
    }

    @Property(tries = 300)
    void everySequenceComesOnceWhateverSeedAndEpoch(@ForAll @IntRange(min = 1, max = 2000) int count, @ForAll long seed,
            @ForAll @LongRange(min = 0, max = 1_000_000) long epoch) {
        assertPermutation(count, seed, epoch);
    }

    /** These are part of the format of a checkpoint: another order would repeat and leave out sequences after a resume. */
    @Test
    void theOrderStaysWhatItWas() {
        assertArrayEquals(new long[] {0}, order(1, 7, 2));
        assertArrayEquals(new long[] {1, 9, 0, 3, 5, 7, 8, 2, 4, 6}, order(10, 0, 0));
        assertArrayEquals(new long[] {9, 2, 1, 4, 7, 5, 6, 0, 3, 8}, order(10, 0, 1));
        assertArrayEquals(new long[] {3, 0, 8, 1, 2, 6, 7, 5, 4, 9}, order(10, 1, 0));
        assertArrayEquals(new long[] {1, 9, 5, 2, 3, 6, 7, 8, 4, 0}, order(10, -3, 5));
        SequenceOrder large = new SequenceOrder(1_000_000_000_000L, 42, 3);
        assertArrayEquals(new long[] {21029877272L, 557704381270L, 300206949236L}, LongStream.of(0, 1, 999_999_999_999L).map(large::at).toArray());
    }

    @Test
    void epochsAndSeedsDiffer() {
        Set<String> orders = new HashSet<>();
        for (long seed = 0; seed < 20; seed++) {
            for (long epoch = 0; epoch < 20; epoch++) {
                orders.add(Arrays.toString(order(50, seed, epoch)));
            }
        }
        assertEquals(400, orders.size());
    }

    /** Each sequence is expected 400 times at each place, with a standard deviation of 19.5. */
    @Test
    void noSequenceIsFavored() {
        int[][] drawn = new int[20][20];
        for (long epoch = 0; epoch < 8000; epoch++) {
            long[] order = order(20, 11, epoch);
            for (int place = 0; place < 20; place++) {
                drawn[place][(int) order[place]]++;
            }
        }
        for (int place = 0; place < 20; place++) {
            for (int index = 0; index < 20; index++) {
                assertEquals(400, drawn[place][index], 88, "sequence " + index + " at place " + place);
            }
        }
    }

    /** In a random order of 10,000 one sequence is expected to come right after the one before it. */
    @Test
    void neighborsAreSeparated() {
        long[] order = order(10_000, 5, 0);
        int neighbors = 0;
        for (int i = 1; i < order.length; i++) {
            neighbors += order[i] == order[i - 1] + 1 ? 1 : 0;
        }
        assertTrue(neighbors < 8, neighbors + " neighbors");
    }

    @ParameterizedTest
    @ValueSource(longs = {(1L << 32) + 1, 1L << 52, (1L << 61) + 12345})
    void hugeCountsNeedNoMemory(long count) {
        SequenceOrder order = new SequenceOrder(count, 1, 0);
        Set<Long> seen = new HashSet<>();
        for (long place = 0; place < 1000; place++) {
            long index = order.at(count - 1 - place);
            assertTrue(index >= 0 && index < count, "index " + index);
            assertTrue(seen.add(index), "index " + index + " twice");
        }
    }

    private static void assertPermutation(long count, long seed, long epoch) {
        long[] sorted = order(count, seed, epoch);
        Arrays.sort(sorted);
        assertArrayEquals(LongStream.range(0, count).toArray(), sorted);
    }

    private static long[] order(long count, long seed, long epoch) {
        SequenceOrder order = new SequenceOrder(count, seed, epoch);
        return LongStream.range(0, count).map(order::at).toArray();
    }
}
