package ai.spattention.train.study.statistics;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.apache.commons.statistics.distribution.FDistribution;
import org.apache.commons.statistics.distribution.TDistribution;

/**
 * value = mean + arm + seed + error, least squares on a balanced table (a randomised complete block design whose blocks are seeds).
 * The error's variance is s² = Σ residual² / ((P - 1)(S - 1)), pooled over all arms; the difference of two arms has the standard error
 * s √(2/S) and Student's t with (P - 1)(S - 1) degrees of freedom (Montgomery, Design and Analysis of Experiments, section 4.1).
 */
public final class AdditiveModel {

    private static final double POWER = 0.8;

    private final SeedTable table;
    /** Each value less the first arm's of the same seed, which takes the seed out exactly: like arms give zeros, not roundings. */
    private final double[][] centred;
    private final double errorSquares;

    private AdditiveModel(SeedTable table) {
        this.table = table;
        centred = new double[table.arms().size()][table.seeds().size()];
        for (int arm = 0; arm < centred.length; arm++) {
            for (int seed = 0; seed < centred[arm].length; seed++) {
                centred[arm][seed] = table.values().get(arm).get(seed) - table.values().get(0).get(seed);
            }
        }
        errorSquares = errorSquares();
    }

    /**
     * Fits the model.
     *
     * @param table the values
     * @return the fit, which decides nothing where there are fewer than two arms or seeds
     */
    public static AdditiveModel fit(SeedTable table) {
        return new AdditiveModel(table);
    }

    private double errorSquares() {
        double total = meanOf(IntStream.range(0, centred.length).mapToDouble(this::armMean).toArray());
        double squares = 0;
        for (int seed = 0; seed < seeds(); seed++) {
            int column = seed;
            double seedMean = meanOf(IntStream.range(0, centred.length).mapToDouble(arm -> centred[arm][column]).toArray());
            for (int arm = 0; arm < centred.length; arm++) {
                double residual = centred[arm][seed] - armMean(arm) - seedMean + total;
                squares += residual * residual;
            }
        }
        return squares;
    }

    private static double meanOf(double... values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return values.length == 0 ? 0 : sum / values.length;
    }

    private double armMean(int arm) {
        return meanOf(centred[arm]);
    }

    private int seeds() {
        return table.seeds().size();
    }

    /**
     * The values.
     *
     * @return the table that was fitted
     */
    public SeedTable table() {
        return table;
    }

    /**
     * How much is known of the error.
     *
     * @return (P - 1)(S - 1); 0 where the error cannot be told from the differences
     */
    public int degreesOfFreedom() {
        return Math.max(0, centred.length - 1) * Math.max(0, seeds() - 1);
    }

    /**
     * The deviation of a value from what its arm and seed give.
     *
     * @return s, empty without degrees of freedom
     */
    public OptionalDouble errorDeviation() {
        int freedom = degreesOfFreedom();
        return freedom == 0 ? OptionalDouble.empty() : OptionalDouble.of(Math.sqrt(errorSquares / freedom));
    }

    /**
     * The difference between two arms.
     *
     * @param arm the arm
     * @param other what it is compared with
     * @return value of the arm less value of the other
     * @throws IllegalArgumentException if the table has no such arms or no complete seed
     */
    public Difference difference(String arm, String other) {
        List<Double> own = table.values(arm);
        List<Double> others = table.values(other);
        if (own.isEmpty()) {
            throw new IllegalArgumentException("no seed has a value of every arm");
        }
        double estimate = meanOf(IntStream.range(0, seeds()).mapToDouble(seed -> own.get(seed) - others.get(seed)).toArray());
        OptionalDouble deviation = errorDeviation();
        if (deviation.isEmpty()) {
            return new Difference(arm, other, estimate, 0, OptionalDouble.empty(), Optional.empty(), Optional.empty(), 1);
        }
        double error = deviation.getAsDouble() * Math.sqrt(2.0 / seeds());
        TDistribution t = TDistribution.of(degreesOfFreedom());
        return new Difference(arm, other, estimate, degreesOfFreedom(), OptionalDouble.of(error),
                Optional.of(interval(estimate, error * t.inverseCumulativeProbability(0.975))),
                Optional.of(interval(estimate, error * t.inverseCumulativeProbability(0.95))),
                estimate == 0 ? 1 : 2 * t.survivalProbability(Math.abs(estimate) / error));
    }

    private static Interval interval(double middle, double reach) {
        return new Interval(middle - reach, middle + reach);
    }

    /**
     * The difference between two arms that a study of this size would find in four of five cases, without a correction for many arms:
     * s √(2/S) (t₀.₉₇₅ + t₀.₈).
     *
     * @param seeds how many seeds it has, at least 2
     * @return nats a token, empty where s is not known
     */
    public OptionalDouble detectable(int seeds) {
        OptionalDouble deviation = errorDeviation();
        if (deviation.isEmpty()) {
            return deviation;
        }
        TDistribution t = TDistribution.of((centred.length - 1.0) * (seeds - 1));
        return OptionalDouble.of(deviation.getAsDouble() * Math.sqrt(2.0 / seeds)
                * (t.inverseCumulativeProbability(0.975) + t.inverseCumulativeProbability(POWER)));
    }

    /**
     * Whether the arms differ at all: F = (S Σ (arm's mean - mean)² / (P - 1)) / s².
     *
     * @return the test, empty without degrees of freedom
     */
    public Optional<ArmTest> armTest() {
        int freedom = degreesOfFreedom();
        if (freedom == 0) {
            return Optional.empty();
        }
        double[] means = IntStream.range(0, centred.length).mapToDouble(this::armMean).toArray();
        double total = meanOf(means);
        double squares = seeds() * meanOf(IntStream.range(0, means.length)
                .mapToDouble(arm -> (means[arm] - total) * (means[arm] - total)).toArray()) * means.length;
        int arms = centred.length - 1;
        double ratio = squares == 0 ? 0 : squares / arms / (errorSquares / freedom); // infinite where nothing is left to chance
        double p = Double.isInfinite(ratio) ? 0 : FDistribution.of(arms, freedom).survivalProbability(ratio);
        return Optional.of(new ArmTest(ratio, arms, freedom, p));
    }
}
