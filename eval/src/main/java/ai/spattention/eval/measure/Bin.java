package ai.spattention.eval.measure;

import java.util.List;

/**
 * Values that belong together: the losses of a range of positions, the copying scores of a distance.
 *
 * @param label the bin's name for people, such as {@code 64 to 127} or {@code unseen bigrams}
 * @param from where its range starts, inclusive; for what has no range, its number in order
 * @param to where its range ends, exclusive, or {@code from} for a single place
 * @param moments all its values
 * @param windows the same values by window
 */
public record Bin(String label, double from, double to, Moments moments, WindowMeans windows) {

    /**
     * Checks the range.
     *
     * @throws IllegalArgumentException if it ends before it starts, or an end is not finite
     */
    public Bin {
        if (!Double.isFinite(from) || !Double.isFinite(to) || to < from) {
            throw new IllegalArgumentException("bin '" + label + "' cannot reach from " + from + " to " + to);
        }
    }

    /**
     * Makes a bin of windows.
     *
     * @param label its name
     * @param from where its range starts
     * @param to where its range ends
     * @param windows each window's moments, in the order that all models share
     * @return the bin
     */
    public static Bin of(String label, double from, double to, List<Moments> windows) {
        return new Bin(label, from, to, windows.stream().reduce(Moments.NONE, Moments::plus), WindowMeans.of(windows));
    }
}
