package ai.spattention.eval.report;

import java.util.ArrayList;
import java.util.List;

/** A run's results as a table: a line for each metric of each task. */
public final class ResultTable {

    private ResultTable() {}

    /**
     * Makes the table.
     *
     * @param results the results
     * @return the table
     */
    public static Table of(List<TaskResult> results) {
        List<List<String>> rows = new ArrayList<>();
        for (TaskResult result : results) {
            boolean[] first = {true};
            result.metrics().forEach((metric, statistic) -> {
                String split = result.data() == null ? "average of " + result.averaged().size() : result.data().split();
                rows.add(first[0]
                        ? List.of(result.name(), result.version(), Integer.toString(result.shots()), split,
                                Integer.toString(result.samples()), metric.key(), Figures.of(statistic.value()),
                                Figures.error(statistic))
                        : List.of("", "", "", "", "", metric.key(), Figures.of(statistic.value()), Figures.error(statistic)));
                first[0] = false;
            });
        }
        return new Table(List.of("task", "version", "shots", "split", "n", "metric", "value", "stderr"), rows);
    }
}
