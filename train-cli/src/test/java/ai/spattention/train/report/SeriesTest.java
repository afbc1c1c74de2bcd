package ai.spattention.train.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.train.report.chart.Point;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SeriesTest {

    private static Point point(long step, double value) {
        return new Point(step, step * 10, step, value);
    }

    private static Series series(double... values) {
        Series series = new Series();
        for (int i = 0; i < values.length; i++) {
            series.add(point(i + 1, values[i]));
        }
        return series;
    }

    @Test
    void fewPointsAreKeptAsTheyAre() {
        assertEquals(List.of(point(1, 3), point(2, 1), point(3, 2)), series(3, 1, 2).points(512));
    }

    @Property(tries = 50)
    void thinningKeepsTheExtremesAndTheOrder(@ForAll @IntRange(min = 1, max = 20_000) int steps,
            @ForAll @IntRange(min = 1, max = 1_000) int stride, @ForAll @IntRange(min = 16, max = 600) int most,
            @ForAll long seed) {
        Series series = new Series();
        Random random = new Random(seed);
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (int i = 1; i <= steps; i++) {
            double value = random.nextGaussian();
            low = Math.min(low, value);
            high = Math.max(high, value);
            series.add(point((long) i * stride, value));
        }
        List<Point> points = series.points(most);
        assertTrue(points.size() <= 2 * most, "points " + points.size());
        assertEquals(low, points.stream().mapToDouble(Point::value).min().orElseThrow());
        assertEquals(high, points.stream().mapToDouble(Point::value).max().orElseThrow());
        for (int i = 1; i < points.size(); i++) {
            assertTrue(points.get(i).step() > points.get(i - 1).step());
        }
        assertEquals(low, series.smallest());
    }

    @Test
    void aSpikeAmongHundredThousandSurvives() {
        Series series = new Series();
        for (int step = 1; step <= 100_000; step++) {
            series.add(point(step, step == 54_321 ? 99 : 1));
        }
        assertTrue(series.points(512).contains(point(54_321, 99)));
        assertEquals(1, series.typical());
    }

    @Test
    void whatIsNotFiniteIsAGapAndIsCounted() {
        Series series = series(1, Double.NaN, Double.POSITIVE_INFINITY, 2, 1e200);
        assertEquals(3, series.notFiniteCount());
        assertEquals(List.of(2L, 3L, 5L), series.notFinite().stream().map(Point::step).toList());
        assertEquals(List.of(1.0, Double.NaN, Double.NaN, 2.0, Double.NaN),
                series.points(512).stream().map(Point::value).toList());
        assertEquals(2, series.recentMean(), "the mean of the last three steps that were finite");
        assertTrue(series(Double.NaN).isEmpty());
    }

    @Test
    void gapsSurviveThinningOnlyWhereNothingWasFinite() {
        Series series = new Series();
        for (int step = 0; step < 4096; step++) {
            series.add(point(step, step == 100 || step >= 2048 && step < 3072 ? Double.NaN : 1));
        }
        List<Point> gaps = series.points(64).stream().filter(point -> !point.isFinite()).toList();
        assertEquals(16, gaps.size());
        assertEquals(2048, gaps.get(0).step());
    }

    @Test
    void smoothingTakesTheMeanAround() {
        double[] values = new double[200];
        for (int i = 0; i < values.length; i++) {
            values[i] = 10 - i * 0.01 + (i % 2 == 0 ? 1 : -1);
        }
        Series series = series(values);
        assertEquals(11, series.smoothingSteps());
        List<Point> smoothed = series.smoothed();
        assertEquals(200, smoothed.size());
        assertEquals(values[0], smoothed.get(0).value(), "the start is not bent");
        assertEquals(10 - 100 * 0.01, smoothed.get(100).value(), 1.0 / 11 + 1e-9);
        assertEquals((values[194] + values[195] + values[196] + values[197] + values[198] + values[199]) / 6,
                smoothed.get(199).value(), 1e-9);
        List<Point> fewer = series.smoothed(60);
        assertEquals(51, fewer.size());
        assertEquals(smoothed.get(199), fewer.get(50), "the last one stays");
        assertEquals(List.of(), series(1, 2, 3).smoothed(), "too short to smooth");
    }

    @Test
    void theTypicalValueIsTheMedian() {
        assertEquals(7, series(1, 7, 8).typical());
        assertEquals(7.5, series(1, 7, 8, 9).typical());
        assertTrue(Double.isNaN(series(Double.NaN).typical()));
    }
}
