package ai.spattention.train.study.statistics;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Corrects for asking many questions at once: with the adjusted values, a study of arms that are all alike calls any of them different
 * with the stated probability at most (Holm, A simple sequentially rejective multiple test procedure, 1979; R's {@code p.adjust}).
 */
final class Holm {

    private Holm() {}

    /** The adjusted p values, in the order given. */
    static List<Double> adjust(List<Double> p) {
        List<Integer> ascending = IntStream.range(0, p.size()).boxed().sorted(Comparator.comparing(p::get)).toList();
        List<Double> adjusted = new ArrayList<>(Collections.nCopies(p.size(), 1.0));
        double largest = 0;
        for (int rank = 0; rank < p.size(); rank++) {
            largest = Math.max(largest, Math.min(1, (p.size() - rank) * p.get(ascending.get(rank))));
            adjusted.set(ascending.get(rank), largest);
        }
        return adjusted;
    }
}
