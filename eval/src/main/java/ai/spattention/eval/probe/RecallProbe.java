package ai.spattention.eval.probe;

import ai.spattention.eval.measure.Bin;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The loss of what could be looked up in the window, by how far attention has to reach for it (after Zoology, arXiv 2312.04927). With
 * ids x and the target x[i], predicted at position i - 1: if (x[i-1], x[i]) stood before as (x[j-1], x[j]), attention finds the answer
 * at position j, at distance i - 1 - j; of several occurrences the nearest counts. Common bigrams, which the weights know, have a bin
 * of their own, and so have targets whose bigram has not been seen, the control. Where attention stays within documents, an
 * occurrence counts only if all of it lies in the document of position i - 1.
 */
final class RecallProbe implements WindowProbe {

    /** Tells bigrams that are too common to need recall. */
    @FunctionalInterface
    interface CommonBigrams {
        boolean contains(long first, long second);
    }

    /** The label of what stood before but is too common to count. */
    static final String COMMON = "seen, common";

    /** The label of the control. */
    static final String UNSEEN = "unseen";

    private final CommonBigrams common;
    private final int width;
    private final int distances;
    private final BinSums sums;

    /** Bins of distances [0, width), [width, 2 width) and so on below the length, then the common ones, then the control. */
    RecallProbe(CommonBigrams common, int width, int length) {
        this.common = common;
        this.width = width;
        List<BinSums.Range> ranges = new ArrayList<>();
        for (int from = 0; from < length; from += width) {
            ranges.add(BinSums.Range.of(from, Math.min(length, from + width)));
        }
        distances = ranges.size();
        ranges.add(new BinSums.Range(COMMON, distances, distances));
        ranges.add(new BinSums.Range(UNSEEN, distances + 1, distances + 1));
        sums = new BinSums(ranges);
    }

    @Override
    public void add(TokenWindow window, float[] losses) {
        Map<Long, Integer> answers = new HashMap<>(); // by bigram, the position of its second token where it last stood
        for (int query = 0; query < losses.length; query++) {
            long first = window.input(query);
            long second = window.target(query);
            Long bigram = first << Integer.SIZE | second;
            Integer answer = answers.get(bigram);
            if (answer == null || !window.isOneDocument(answer, query)) {
                sums.add(distances + 1, losses[query]);
            } else if (common.contains(first, second)) {
                sums.add(distances, losses[query]);
            } else {
                sums.add((query - answer) / width, losses[query]);
            }
            if (query + 1 < losses.length && window.isOneDocument(query, query + 1)) {
                answers.put(bigram, query + 1);
            }
        }
        sums.endWindow();
    }

    List<Bin> bins() {
        return sums.bins();
    }
}
