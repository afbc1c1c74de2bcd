package ai.spattention.train.study.statistics;

import ai.spattention.eval.measure.WindowMeans;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Percentile intervals of a difference in a bin, by drawing windows with replacement, then seeds (Efron and Tibshirani, An Introduction to
 * the Bootstrap, chapters 8 and 13). A study's windows are blocks of neighbours. A drawn window counts for both arms and all seeds, for it is
 * the same text. Equal seeds give equal numbers: the generator is {@link Random}, whose numbers its specification fixes.
 *
 * <p>With few seeds the interval is too narrow for what other seeds would give, for three seeds say little of all.
 */
public final class WindowBootstrap {

    private static final int DRAWS = 1000;
    private static final long SEED = 0x5EED;

    private WindowBootstrap() {}

    /**
     * A bin of two arms of one seed.
     *
     * @param arm the arm's
     * @param other the other's
     */
    public record Pair(WindowMeans arm, WindowMeans other) {

        private boolean isPaired() {
            return arm.n().equals(other.n());
        }
    }

    /**
     * The 95% interval of the mean difference, each window weighing as much as it has values.
     *
     * @param seeds the bin of each seed
     * @return the interval, empty if there are fewer than two windows with values, or arms were not measured on the same ones
     */
    public static Optional<Interval> interval95(List<Pair> seeds) {
        if (seeds.isEmpty() || !seeds.stream().allMatch(Pair::isPaired)
                || seeds.stream().map(pair -> pair.arm().n()).distinct().count() > 1) {
            return Optional.empty();
        }
        List<Long> counts = seeds.get(0).arm().n();
        int[] windows = IntStream.range(0, counts.size()).filter(window -> counts.get(window) > 0).toArray();
        if (windows.length < 2) {
            return Optional.empty();
        }
        double[] weights = Arrays.stream(windows).mapToDouble(counts::get).toArray();
        double[][] differences = seeds.stream().map(pair -> Arrays.stream(windows)
                .mapToDouble(window -> pair.arm().mean().get(window) - pair.other().mean().get(window)).toArray()).toArray(double[][]::new);
        double[] drawn = draw(weights, differences);
        Arrays.sort(drawn);
        return Optional.of(new Interval(quantile(drawn, 0.025), quantile(drawn, 0.975)));
    }

    private static double[] draw(double[] weights, double[][] differences) {
        Random random = new Random(SEED);
        double[] drawn = new double[DRAWS];
        double[] bySeed = new double[differences.length];
        for (int draw = 0; draw < DRAWS; draw++) {
            Arrays.fill(bySeed, 0);
            double total = 0;
            for (int i = 0; i < weights.length; i++) {
                int window = random.nextInt(weights.length);
                total += weights[window];
                for (int seed = 0; seed < bySeed.length; seed++) {
                    bySeed[seed] += weights[window] * differences[seed][window];
                }
            }
            for (int i = 0; i < bySeed.length; i++) {
                drawn[draw] += bySeed[random.nextInt(bySeed.length)] / total / bySeed.length;
            }
        }
        return drawn;
    }

    /** Between the order statistics, as R's default (type 7) has it. */
    private static double quantile(double[] ascending, double part) {
        double place = part * (ascending.length - 1);
        int below = (int) place;
        int above = Math.min(below + 1, ascending.length - 1);
        return ascending[below] + (place - below) * (ascending[above] - ascending[below]);
    }
}
