package ai.spattention.eval.metric;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** Which of several choices a model takes. */
public final class ChoiceMetrics {

    private ChoiceMetrics() {}

    /**
     * The choice that a metric takes: the first of the largest.
     *
     * @param metric one of the accuracies
     * @param logLikelihoods the choices' log-likelihoods
     * @param texts the choices, without delimiter
     * @return the index of the choice
     */
    public static int chosen(MetricName metric, List<Double> logLikelihoods, List<String> texts) {
        int best = 0;
        double largest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < texts.size(); i++) {
            double value = logLikelihoods.get(i) / length(metric, texts.get(i));
            if (value > largest) {
                largest = value;
                best = i;
            }
        }
        return best;
    }

    private static double length(MetricName metric, String text) {
        return switch (metric) {
            case ACC -> 1;
            case ACC_NORM -> text.codePointCount(0, text.length());
            case ACC_BYTES -> text.getBytes(StandardCharsets.UTF_8).length;
            default -> throw new IllegalArgumentException(metric.key() + " is not computed from choices");
        };
    }
}
