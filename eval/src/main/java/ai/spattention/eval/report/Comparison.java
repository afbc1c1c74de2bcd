package ai.spattention.eval.report;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.metric.MetricName;
import ai.spattention.eval.metric.Statistic;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Models against tasks: the value of each, and the difference of each from the first with its standard error, the root of the sum of both
 * squared errors. A difference is marked with {@code *} where it exceeds {@value #REACH} standard errors (the 95% interval leaves out 0), with
 * {@code ~} where it does not, and with {@code ?} where no error is defined. Errors are taken as independent; those of two models on the same
 * rows are not quite, so that a mark errs towards {@code ~}.
 */
public final class Comparison {

    private static final double REACH = 1.96;

    /** What the marks mean, for people. */
    public static final String NOTE = "Differences are from the first column, \u00b1 the standard error of the difference, n rows. *: more than "
            + REACH + " standard errors (its 95% interval leaves out 0), ~: not more, ?: no standard error is defined. (!): versions, shots or"
            + " sizes differ. Of twenty differences that are none, one gets a *.";

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
        boolean isSameSize = first.samples() == own.samples();
        boolean alike = first.version().equals(own.version()) && first.shots() == own.shots() && isSameSize;
        String size = "n " + (isSameSize ? "" : first.samples() + " and ") + own.samples();
        if (one.standardError() == null || other.standardError() == null) {
            return Figures.signed(difference) + " ? (" + size + ")" + (alike ? "" : " (!)");
        }
        double error = Math.hypot(one.standardError(), other.standardError());
        String mark = Math.abs(difference) > REACH * error ? "*" : "~";
        return Figures.signed(difference) + " \u00b1 " + Figures.of(error) + " " + mark + " (" + size + ")" + (alike ? "" : " (!)");
    }
}
