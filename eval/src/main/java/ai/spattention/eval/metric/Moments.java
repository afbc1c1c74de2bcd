package ai.spattention.eval.metric;

/**
 * What is kept of many numbers: how many they are, their sum and the sum of their squares. Moments of parts add up to those of the
 * whole.
 *
 * @param n the number of values, at least 0
 * @param sum their sum
 * @param sumSquares the sum of their squares
 */
public record Moments(long n, double sum, double sumSquares) {

    /** No values. */
    public static final Moments NONE = new Moments(0, 0, 0);

    /**
     * Moments of some values.
     *
     * @param values the values
     * @return their moments
     */
    public static Moments of(double... values) {
        double sum = 0;
        double sumSquares = 0;
        for (double value : values) {
            sum += value;
            sumSquares += value * value;
        }
        return new Moments(values.length, sum, sumSquares);
    }

    /**
     * Adds the moments of further values.
     *
     * @param others their moments
     * @return the moments of all
     */
    public Moments plus(Moments others) {
        return new Moments(n + others.n, sum + others.sum, sumSquares + others.sumSquares);
    }

    /**
     * The moments of the values times a factor, as when their unit changes.
     *
     * @param factor the factor
     * @return the moments of the products
     */
    public Moments times(double factor) {
        return new Moments(n, sum * factor, sumSquares * factor * factor);
    }

    /**
     * The mean.
     *
     * @return sum / n; NaN without values
     */
    public double mean() {
        return sum / n;
    }

    /**
     * The sample's variance.
     *
     * @return (sumSquares - sum²/n) / (n - 1), not below 0 for rounding; NaN for fewer than two values
     */
    public double variance() {
        return n < 2 ? Double.NaN : Math.max(0, sumSquares - sum * sum / n) / (n - 1);
    }

    /**
     * The standard error of the mean if the values were independent; tokens of one window are not.
     *
     * @return √(variance / n); NaN for fewer than two values
     */
    public double standardError() {
        return Math.sqrt(variance() / n);
    }
}
