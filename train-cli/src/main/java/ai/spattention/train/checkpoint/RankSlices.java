package ai.spattention.train.checkpoint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Arrays, laid one after the other, cut into one part a rank: the parts are as long as each other but for a block, and all of it is in one. */
public final class RankSlices {

    /** Elements; cuts are at multiples of it. */
    static final long BLOCK = 1024;

    private RankSlices() {}

    /**
     * A part of an array.
     *
     * @param index which array
     * @param begin the first of its elements
     * @param end the element after the last
     */
    public record Slice(int index, long begin, long end) {}

    /**
     * A rank's part.
     *
     * @param sizes the arrays' elements
     * @param rank the rank
     * @param ranks how many ranks there are
     * @return the slices in order, none of them empty
     */
    public static List<Slice> of(long[] sizes, int rank, int ranks) {
        long blocks = (Arrays.stream(sizes).sum() + BLOCK - 1) / BLOCK;
        long first = blocks * rank / ranks * BLOCK;
        long last = blocks * (rank + 1) / ranks * BLOCK;
        List<Slice> slices = new ArrayList<>();
        long place = 0;
        for (int i = 0; i < sizes.length; i++) {
            long begin = Math.max(0, first - place);
            long end = Math.min(sizes[i], last - place);
            if (begin < end) {
                slices.add(new Slice(i, begin, end));
            }
            place += sizes[i];
        }
        return slices;
    }
}
