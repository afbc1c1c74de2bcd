package ai.spattention.eval.probe;

import ai.spattention.eval.measure.Bin;
import ai.spattention.eval.measure.Moments;
import java.util.ArrayList;
import java.util.List;

/** Bins while they fill, window by window. */
final class BinSums {

    private final List<Range> ranges;
    private final List<List<Moments>> windows = new ArrayList<>();
    private final long[] counts;
    private final double[] sums;
    private final double[] squares;

    /** What a bin is: its name, and its range from (inclusive) to (exclusive). */
    record Range(String label, double from, double to) {

        /** A range of whole numbers, named as such. */
        static Range of(int from, int to) {
            return new Range("[" + from + "," + to + ")", from, to);
        }

        /** A single number. */
        static Range at(int place) {
            return new Range(Integer.toString(place), place, place);
        }
    }

    BinSums(List<Range> ranges) {
        this.ranges = List.copyOf(ranges);
        ranges.forEach(range -> windows.add(new ArrayList<>()));
        counts = new long[ranges.size()];
        sums = new double[ranges.size()];
        squares = new double[ranges.size()];
    }

    /** Adds a value of the present window. */
    void add(int bin, double value) {
        counts[bin]++;
        sums[bin] += value;
        squares[bin] += value * value;
    }

    /** Ends the present window in all bins, also those that got nothing. */
    void endWindow() {
        for (int bin = 0; bin < counts.length; bin++) {
            windows.get(bin).add(new Moments(counts[bin], sums[bin], squares[bin]));
            counts[bin] = 0;
            sums[bin] = 0;
            squares[bin] = 0;
        }
    }

    List<Bin> bins() {
        return bins(1);
    }

    /** The bins of all values times a factor, as when their unit changes. */
    List<Bin> bins(double factor) {
        List<Bin> bins = new ArrayList<>();
        for (int bin = 0; bin < counts.length; bin++) {
            Range range = ranges.get(bin);
            bins.add(Bin.of(range.label, range.from, range.to, windows.get(bin).stream()
                    .map(window -> new Moments(window.n(), window.sum() * factor, window.sumOfSquares() * factor * factor)).toList()));
        }
        return bins;
    }
}
