package ai.spattention.eval.probe;

import ai.spattention.eval.measure.Bin;
import java.util.ArrayList;
import java.util.List;

/** The loss by position: how much the model makes of the text before. */
final class PositionProbe implements WindowProbe {

    private final int[] binOf;
    private final BinSums sums;

    /** Edges of bins, ascending, from 0 on; those beyond the length are left out, and the last bin ends where the window does. */
    PositionProbe(List<Integer> edges, int length) {
        binOf = new int[length];
        List<BinSums.Range> ranges = new ArrayList<>();
        for (int i = 0; i < edges.size() && edges.get(i) < length; i++) {
            int end = i + 1 < edges.size() ? Math.min(length, edges.get(i + 1)) : length;
            for (int position = edges.get(i); position < end; position++) {
                binOf[position] = ranges.size();
            }
            ranges.add(BinSums.Range.of(edges.get(i), end));
        }
        sums = new BinSums(ranges);
    }

    @Override
    public void add(TokenWindow window, float[] losses) {
        for (int position = 0; position < losses.length; position++) {
            sums.add(binOf[position], losses[position]);
        }
        sums.endWindow();
    }

    List<Bin> bins() {
        return sums.bins();
    }
}
