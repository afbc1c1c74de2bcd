package ai.spattention.train.study.statistics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.eval.measure.WindowMeans;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class WindowBootstrapTest {

    private static WindowMeans means(List<Long> n, List<Double> values) {
        return new WindowMeans(n, values);
    }

    private static List<Double> normal(Random random, int size, double mean, double deviation) {
        return Stream.generate(() -> mean + deviation * random.nextGaussian()).limit(size).toList();
    }

    @Test
    void theIntervalIsAsWideAsTheWindowsVary() {
        int windows = 400;
        List<Long> n = Collections.nCopies(windows, 64L);
        List<Double> differences = normal(new Random(3), windows, 0.5, 1);
        double mean = differences.stream().mapToDouble(value -> value).average().orElseThrow();
        Interval interval = WindowBootstrap.interval95(List.of(new WindowBootstrap.Pair(means(n, differences),
                means(n, Collections.nCopies(windows, 0.0))))).orElseThrow();
        assertEquals(mean - 1.96 / 20, interval.low(), 0.012);
        assertEquals(mean + 1.96 / 20, interval.high(), 0.012);
    }

    @Test
    void seedsVaryToo() {
        List<Long> n = List.of(1L, 1L);
        WindowMeans zero = means(n, List.of(0.0, 0.0));
        Interval interval = WindowBootstrap.interval95(List.of(new WindowBootstrap.Pair(means(n, List.of(1.0, 1.0)), zero),
                new WindowBootstrap.Pair(means(n, List.of(3.0, 3.0)), zero))).orElseThrow();
        assertEquals(new Interval(1, 3), interval); // both ends come up in a quarter of the draws
    }

    @Test
    void whatIsTheSameEverywhereIsCertain() {
        List<Long> n = List.of(5L, 2L, 9L);
        WindowMeans other = means(n, List.of(1.0, 2.0, 4.0));
        Interval interval = WindowBootstrap.interval95(List.of(new WindowBootstrap.Pair(means(n, List.of(1.5, 2.5, 4.5)), other)))
                .orElseThrow();
        assertEquals(0.5, interval.low(), 1e-12);
        assertEquals(0.5, interval.high(), 1e-12);
    }

    @Test
    void windowsWeighAsMuchAsTheyHold() {
        List<Long> n = List.of(1_000_000L, 1L, 0L);
        Interval interval = WindowBootstrap.interval95(List.of(new WindowBootstrap.Pair(means(n, List.of(1.0, 100.0, 1e9)),
                means(n, List.of(0.0, 0.0, 0.0))))).orElseThrow();
        assertEquals(1, interval.low(), 1e-3);
        assertTrue(interval.high() <= 100, "a window without values is never drawn");
    }

    @Test
    void theSameNumbersComeAgain() {
        List<Long> n = Collections.nCopies(20, 3L);
        List<WindowBootstrap.Pair> seeds = List.of(
                new WindowBootstrap.Pair(means(n, normal(new Random(1), 20, 0, 1)), means(n, normal(new Random(2), 20, 0, 1))));
        assertEquals(WindowBootstrap.interval95(seeds), WindowBootstrap.interval95(seeds));
    }

    @Test
    void whatIsNotPairedHasNoInterval() {
        WindowMeans two = means(List.of(1L, 1L), List.of(0.0, 0.0));
        assertEquals(Optional.empty(), WindowBootstrap.interval95(List.of()));
        assertEquals(Optional.empty(), WindowBootstrap.interval95(List.of(new WindowBootstrap.Pair(WindowMeans.NONE, WindowMeans.NONE))));
        assertEquals(Optional.empty(), WindowBootstrap.interval95(List.of(
                new WindowBootstrap.Pair(two, means(List.of(1L, 2L), List.of(0.0, 0.0))))));
        assertEquals(Optional.empty(), WindowBootstrap.interval95(List.of(
                new WindowBootstrap.Pair(means(List.of(1L), List.of(0.0)), means(List.of(1L), List.of(1.0))))));
    }
}
