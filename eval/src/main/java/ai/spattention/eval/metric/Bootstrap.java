package ai.spattention.eval.metric;

import ai.spattention.eval.python.PythonRandom;
import java.util.Arrays;
import java.util.stream.IntStream;

/** The standard error of a perplexity, by drawing samples from the sample as lm-evaluation-harness does. */
public final class Bootstrap {

    private static final int CHUNKS = 100;
    private static final int DRAWS = 1000;

    private Bootstrap() {}

    /**
     * exp of the mean negative log-likelihood, and the deviation of the same over 100,000 samples: chunk i of 1,000 is drawn by
     * CPython's generator with seed i.
     *
     * @param logLikelihoods at least one
     * @return the perplexity
     */
    public static Statistic perplexity(double... logLikelihoods) {
        double value = Math.exp(-Arrays.stream(logLikelihoods).average().orElseThrow());
        if (logLikelihoods.length < 2) {
            return new Statistic(value, null);
        }
        double[] drawn = IntStream.range(0, CHUNKS).parallel().mapToObj(chunk -> chunk(logLikelihoods, chunk))
                .flatMapToDouble(Arrays::stream).toArray();
        double mean = Arrays.stream(drawn).average().orElseThrow();
        double squares = Arrays.stream(drawn).map(each -> (each - mean) * (each - mean)).sum();
        return new Statistic(value, Math.sqrt(squares / (drawn.length - 1)));
    }

    private static double[] chunk(double[] values, int seed) {
        PythonRandom random = new PythonRandom(seed);
        double[] results = new double[DRAWS];
        for (int draw = 0; draw < DRAWS; draw++) {
            double sum = 0;
            for (int i = 0; i < values.length; i++) {
                sum += values[(int) (random.nextDouble() * values.length)];
            }
            results[draw] = Math.exp(-sum / values.length);
        }
        return results;
    }
}
