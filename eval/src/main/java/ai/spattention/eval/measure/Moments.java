package ai.spattention.eval.measure;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.Arrays;

/**
 * Numbers as three sums, which add up over windows, files and machines.
 *
 * @param n how many there are
 * @param sum their sum
 * @param sumOfSquares the sum of their squares
 */
public record Moments(long n, double sum, double sumOfSquares) {

    /** No numbers. */
    public static final Moments NONE = new Moments(0, 0, 0);

    /**
     * Checks the sums.
     *
     * @throws IllegalArgumentException if no numbers have such sums
     */
    public Moments {
        if (n < 0 || sumOfSquares < 0 || n == 0 && (sum != 0 || sumOfSquares != 0)) {
            throw new IllegalArgumentException("no numbers have n " + n + ", sum " + sum + " and sum of squares " + sumOfSquares);
        }
    }

    /**
     * Adds numbers up.
     *
     * @param values the numbers
     * @return their moments
     */
    public static Moments of(double... values) {
        return new Moments(values.length, Arrays.stream(values).sum(), Arrays.stream(values).map(value -> value * value).sum());
    }

    /**
     * These numbers and others.
     *
     * @param other the others
     * @return the moments of all
     */
    public Moments plus(Moments other) {
        return new Moments(n + other.n, sum + other.sum, sumOfSquares + other.sumOfSquares);
    }

    /**
     * Whether there is nothing to take a mean of.
     *
     * @return whether n is 0
     */
    @JsonIgnore
    public boolean isEmpty() {
        return n == 0;
    }

    /**
     * Whether a model gave numbers at all.
     *
     * @return whether neither sum is NaN or infinite
     */
    @JsonIgnore
    public boolean isFinite() {
        return Double.isFinite(sum) && Double.isFinite(sumOfSquares);
    }

    /**
     * The mean.
     *
     * @return sum / n
     * @throws IllegalStateException if there are no numbers
     */
    public double mean() {
        if (n == 0) {
            throw new IllegalStateException("no numbers have no mean");
        }
        return sum / n;
    }

    /**
     * The sample's variance, (Σx² - (Σx)²/n) / (n - 1), at least 0 whatever the rounding.
     *
     * @return the variance
     * @throws IllegalStateException if there are fewer than two numbers
     */
    public double variance() {
        if (n < 2) {
            throw new IllegalStateException("a variance needs at least two numbers (got " + n + ")");
        }
        return Math.max(0, (sumOfSquares - sum * sum / n) / (n - 1));
    }

    /**
     * The standard error of the mean of numbers that are independent of one another, √(variance / n). Tokens of one window are not.
     *
     * @return the standard error
     * @throws IllegalStateException if there are fewer than two numbers
     */
    public double standardError() {
        return Math.sqrt(variance() / n);
    }
}
