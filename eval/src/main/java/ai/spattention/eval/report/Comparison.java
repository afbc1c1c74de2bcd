package ai.spattention.eval.report;

import ai.spattention.InvalidInputException;
import ai.spattention.eval.metric.MetricName;
import ai.spattention.eval.metric.Statistic;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Models against tasks: the value of each, and the difference of each from the first. A difference is marked with {@code *}
 * where it exceeds its standard error, the root of the sum of both squared errors, with {@code ~} where it does not, and with
 * {@code ?} where none is defined.
 */
public final class Comparison {

    /** What the marks mean, for people. */
    public static final String NOTE = "Differences are from the first column. *: more than the standard error of the"
            + " difference, ~: not more, ?: no standard error is defined. (!): versions, shots or sizes differ.";

    private Comparison() {}

    /**
     * Compares.
     *
     * @param runs the results of each model by its name, at least two
     * @return the table
     * @throws InvalidInputException if there are fewer
     */
    public static Table of(Map<String, List<TaskResult>> runs) {
        if (runs.size() < 2) {
            throw new InvalidInputException("--compare needs at least two different result files (got " + runs.size() + ")");
        }
        List<String> headers = new ArrayList<>(List.of("task", "metric"));
        Map<String, List<MetricName>> lines = new LinkedHashMap<>();
        for (Map.Entry<String, List<TaskResult>> run : runs.entrySet()) {
            headers.add(run.getKey());
            if (headers.size() > 3) {
                headers.add("difference");
            }
            for (TaskResult result : run.getValue()) {
                List<MetricName> metrics = lines.computeIfAbsent(result.name(), key -> new ArrayList<>());
                result.metrics().keySet().stream().filter(metric -> !metrics.contains(metric)).forEach(metrics::add);
            }
        }
        List<List<String>> rows = new ArrayList<>();
        lines.forEach((task, metrics) -> metrics.forEach(metric -> rows.add(row(runs, task, metric))));
        return new Table(headers, rows);
    }

    private static List<String> row(Map<String, List<TaskResult>> runs, String task, MetricName metric) {
        List<String> cells = new ArrayList<>(List.of(task, metric.key()));
        TaskResult first = null;
        boolean isFirst = true;
        for (List<TaskResult> results : runs.values()) {
            TaskResult own = results.stream()
                    .filter(result -> result.name().equals(task) && result.metrics().containsKey(metric)).findFirst().orElse(null);
            cells.add(own == null ? "-" : value(own.metrics().get(metric)));
            if (isFirst) {
                first = own;
                isFirst = false;
            } else {
                cells.add(first == null || own == null ? "-" : difference(first, own, metric));
            }
        }
        return cells;
    }

    private static String value(Statistic statistic) {
        return Figures.of(statistic.value())
                + (statistic.standardError() == null ? "" : " ± " + Figures.of(statistic.standardError()));
    }

    private static String difference(TaskResult first, TaskResult own, MetricName metric) {
        Statistic one = first.metrics().get(metric);
        Statistic other = own.metrics().get(metric);
        double difference = other.value() - one.value();
        String mark = "?";
        if (one.standardError() != null && other.standardError() != null) {
            mark = Math.abs(difference) > Math.hypot(one.standardError(), other.standardError()) ? "*" : "~";
        }
        boolean alike = first.version().equals(own.version()) && first.shots() == own.shots() && first.samples() == own.samples();
        return Figures.signed(difference) + " " + mark + (alike ? "" : " (!)");
    }
}
