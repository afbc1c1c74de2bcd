package ai.spattention.train.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class RankSlicesTest {

    @Property(tries = 300)
    void everyElementIsOneRanks(@ForAll @Size(max = 9) List<@LongRange(min = 1, max = 9000) Long> list,
            @ForAll @IntRange(min = 1, max = 17) int ranks) {
        long[] sizes = list.stream().mapToLong(size -> size).toArray();
        long[] reached = new long[sizes.length];
        long all = Arrays.stream(sizes).sum();
        for (int rank = 0; rank < ranks; rank++) {
            long own = 0;
            for (RankSlices.Slice slice : RankSlices.of(sizes, rank, ranks)) {
                assertEquals(reached[slice.index()], slice.begin(), "the next elements of array " + slice.index());
                assertTrue(slice.end() > slice.begin(), slice.toString());
                reached[slice.index()] = slice.end();
                own += slice.end() - slice.begin();
            }
            assertTrue(Math.abs(own - (double) all / ranks) <= 2 * RankSlices.BLOCK, own + " of " + all);
        }
        assertEquals(Arrays.toString(sizes), Arrays.toString(reached));
    }

    @Test
    void cutsLieAtBlocks() {
        long[] sizes = {1000, 3000};
        assertEquals(List.of(new RankSlices.Slice(0, 0, 1000), new RankSlices.Slice(1, 0, 1048)), RankSlices.of(sizes, 0, 2));
        assertEquals(List.of(new RankSlices.Slice(1, 1048, 3000)), RankSlices.of(sizes, 1, 2));
        assertEquals(List.of(), RankSlices.of(new long[] {5}, 0, 2), "less than a block is one rank's");
    }
}
