package ai.spattention.eval.report;

import ai.spattention.eval.metric.MetricName;
import ai.spattention.eval.metric.Statistic;
import java.util.List;
import java.util.Map;

/**
 * What a task gave.
 *
 * @param name the task
 * @param version the task's version
 * @param shots examples before each question
 * @param samples rows that were scored
 * @param metrics the metrics, in the task's order
 * @param data where the rows came from; null for an average
 * @param averaged the tasks of an average; empty for a task
 * @param missing tasks of an average for which there are no data
 */
public record TaskResult(String name, String version, int shots, int samples, Map<MetricName, Statistic> metrics, Data data,
        List<String> averaged, List<String> missing) {

    /**
     * Where rows came from.
     *
     * @param split the split
     * @param wantedSplit the split that the task would take if it were there
     * @param files the files
     * @param digest the SHA-256 of the files' bytes
     * @param shotsSplit the split that the examples came from, or null
     */
    public record Data(String split, String wantedSplit, List<String> files, String digest, String shotsSplit) {}
}
