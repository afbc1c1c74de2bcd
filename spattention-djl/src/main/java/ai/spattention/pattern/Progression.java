package ai.spattention.pattern;

/**
 * The distances first, first + period, first + 2 period, ..., counted and summed in closed form: the time does not grow with
 * their number. Sums stay exact for lengths up to 2^31.
 *
 * @param first the smallest distance, at least 0
 * @param period the step, at least 1
 */
record Progression(long first, long period) {

    /** All distances. */
    static final Progression ALL = new Progression(0, 1);

    /** How many of the distances are below a limit. */
    long count(long limit) {
        return limit <= first ? 0 : (limit - 1 - first) / period + 1;
    }

    /** The sum of length - d over the distances d below an end, which is at most the length. */
    long sum(long end, long length) {
        long count = count(end);
        return count * (length - first) - period * (count * (count - 1) / 2);
    }

    /** How many of the distances below a limit lie in a band. */
    long count(Band band, long limit) {
        return count(Math.min(band.maxDistance(), limit)) - count(Math.min(band.minDistance(), limit));
    }

    /** The sum of length - d over the distances d below an end, which is at most the length, that lie in a band. */
    long sum(Band band, long end, long length) {
        return sum(Math.min(band.maxDistance(), end), length) - sum(Math.min(band.minDistance(), end), length);
    }
}
