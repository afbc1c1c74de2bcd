package ai.spattention.eval.metric;

import java.util.Arrays;
import java.util.List;

/** Means and their standard errors. */
public final class Statistics {

    private Statistics() {}

    /**
     * The mean, with the sample's standard deviation divided by √n.
     *
     * @param values at least one
     * @return the mean; its error is null for a single value
     */
    public static Statistic mean(double... values) {
        double mean = Arrays.stream(values).average().orElseThrow();
        if (values.length < 2) {
            return new Statistic(mean, null);
        }
        double squares = Arrays.stream(values).map(value -> (value - mean) * (value - mean)).sum();
        return new Statistic(mean, Math.sqrt(squares / (values.length - 1)) / Math.sqrt(values.length));
    }

    /**
     * The mean of several tasks, each weighing as much as it has rows.
     *
     * @param tasks the tasks' means, at least one
     * @param sizes how many rows each has
     * @return the mean, with the error of the pooled sample; null if a task has none
     */
    public static Statistic pooled(List<Statistic> tasks, List<Integer> sizes) {
        double total = sizes.stream().mapToInt(Integer::intValue).sum();
        double mean = 0;
        double variance = 0;
        boolean known = total > tasks.size();
        for (int i = 0; i < tasks.size(); i++) {
            double size = sizes.get(i);
            mean += tasks.get(i).value() * size / total;
            Double error = tasks.get(i).standardError();
            known &= error != null;
            variance += error == null ? 0 : (size - 1) * error * error * size;
        }
        return new Statistic(mean, known ? Math.sqrt(variance / (total - tasks.size()) / total) : null);
    }
}
