package ai.spattention.train.report;

import ai.spattention.train.report.chart.Point;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * A curve in bounded memory. Neighbouring steps share a bucket that keeps its smallest and its largest value, so that no
 * spike gets lost; as the curve grows, buckets are merged two by two.
 */
final class Series {

    private static final int MOST_BUCKETS = 512;
    private static final int MOST_GAPS_KEPT = 50;
    /** The smoothed curve's window, as a part of the whole. */
    private static final int WINDOWS = 20;
    private static final int FEWEST_TO_SMOOTH = 20;

    private final List<Point> notFinite = new ArrayList<>();
    private List<Bucket> buckets = new ArrayList<>();
    private long stepsPerBucket = 1;
    private long notFiniteCount;
    private Point last;
    private double smallest = Double.NaN;

    private static final class Bucket {

        private final long key;
        private final Point first;
        private Point low;
        private Point high;
        private double sum;
        private long count;

        Bucket(long key, Point first) {
            this.key = key;
            this.first = first;
        }

        void add(Point point) {
            include(point, point);
            sum += point.value();
            count++;
        }

        void addAll(Bucket other) {
            if (other.count > 0) {
                include(other.low, other.high);
                sum += other.sum;
                count += other.count;
            }
        }

        private void include(Point lower, Point higher) {
            low = low == null || lower.value() < low.value() ? lower : low;
            high = high == null || higher.value() > high.value() ? higher : high;
        }

        void appendTo(List<Point> points) {
            if (count == 0) {
                points.add(first.withValue(Double.NaN)); // a gap in the line
            } else if (low.step() == high.step()) {
                points.add(low);
            } else {
                points.add(low.step() < high.step() ? low : high);
                points.add(low.step() < high.step() ? high : low);
            }
        }
    }

    /** Adds a point; its step must not be before the last one's. */
    void add(Point point) {
        long key = point.step() / stepsPerBucket;
        if (buckets.isEmpty() || buckets.get(buckets.size() - 1).key != key) {
            buckets.add(new Bucket(key, point));
        }
        if (point.isFinite()) {
            buckets.get(buckets.size() - 1).add(point);
            smallest = smallest <= point.value() ? smallest : point.value();
        } else {
            notFiniteCount++;
            if (notFinite.size() < MOST_GAPS_KEPT) {
                notFinite.add(point);
            }
        }
        last = point;
        while (buckets.size() > MOST_BUCKETS) {
            buckets = merged(buckets);
            stepsPerBucket *= 2;
        }
    }

    private static List<Bucket> merged(List<Bucket> old) {
        List<Bucket> result = new ArrayList<>();
        for (Bucket bucket : old) {
            long key = bucket.key / 2;
            if (result.isEmpty() || result.get(result.size() - 1).key != key) {
                result.add(new Bucket(key, bucket.first));
            }
            result.get(result.size() - 1).addAll(bucket);
        }
        return result;
    }

    /** Whether there is no value that could be drawn. */
    boolean isEmpty() {
        return buckets.stream().allMatch(bucket -> bucket.count == 0);
    }

    /**
     * The curve in at most 2 · {@code mostBuckets} points, in order, with a NaN wherever nothing was finite for a while.
     */
    List<Point> points(int mostBuckets) {
        List<Bucket> fewer = buckets;
        while (fewer.size() > mostBuckets) {
            fewer = merged(fewer);
        }
        List<Point> points = new ArrayList<>();
        fewer.forEach(bucket -> bucket.appendTo(points));
        return points;
    }

    /** The mean of {@link #smoothingSteps} steps around each moment; empty for a curve too short to smooth. */
    List<Point> smoothed() {
        if (buckets.size() < FEWEST_TO_SMOOTH) {
            return List.of();
        }
        int reach = reach();
        List<Point> points = new ArrayList<>();
        for (int i = 0; i < buckets.size(); i++) {
            // near the start the window shrinks on both sides, so that a steep curve is not bent
            int before = Math.min(reach, i);
            int after = Math.min(before, buckets.size() - 1 - i);
            points.add(buckets.get(i).first.withValue(mean(buckets.subList(i - before, i + after + 1))));
        }
        return points;
    }

    /** The same in about {@code most} points. */
    List<Point> smoothed(int most) {
        List<Point> all = smoothed();
        int every = 1 + all.size() / most;
        return IntStream.range(0, all.size()).filter(i -> i % every == 0 || i == all.size() - 1).mapToObj(all::get).toList();
    }

    private static double mean(List<Bucket> some) {
        double sum = 0;
        long count = 0;
        for (Bucket bucket : some) {
            sum += bucket.sum;
            count += bucket.count;
        }
        return count == 0 ? Double.NaN : sum / count;
    }

    private int reach() {
        return Math.max(1, buckets.size() / (2 * WINDOWS));
    }

    /** How many steps the smoothed curve's window spans. */
    long smoothingSteps() {
        return (2L * reach() + 1) * stepsPerBucket;
    }

    /** The mean of the last steps, as many as the window spans; NaN if none was finite. */
    double recentMean() {
        return mean(buckets.subList(Math.max(0, buckets.size() - 2 * reach() - 1), buckets.size()));
    }

    /** The median over the buckets' means: what is usual, whatever slow first steps cost. NaN if nothing was finite. */
    double typical() {
        double[] means = buckets.stream().filter(bucket -> bucket.count > 0)
                .flatMapToDouble(bucket -> DoubleStream.of(bucket.sum / bucket.count)).sorted().toArray();
        return means.length == 0 ? Double.NaN : (means[(means.length - 1) / 2] + means[means.length / 2]) / 2;
    }

    /** The smallest value, NaN if none was finite. */
    double smallest() {
        return smallest;
    }

    /** The last value, finite or not; NaN if there is none. */
    double last() {
        return last == null ? Double.NaN : last.value();
    }

    /** The first points whose value was not finite. */
    List<Point> notFinite() {
        return Collections.unmodifiableList(notFinite);
    }

    /** How many values were not finite. */
    long notFiniteCount() {
        return notFiniteCount;
    }
}
