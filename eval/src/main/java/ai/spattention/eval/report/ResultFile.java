package ai.spattention.eval.report;

import ai.spattention.InvalidInputException;
import ai.spattention.eval.metric.MetricName;
import ai.spattention.eval.metric.Statistic;
import ai.spattention.olmoe.io.OutputFile;
import ai.spattention.olmoe.io.RegularFile;
import ai.spattention.olmoe.json.JsonProblem;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A run's results as JSON: {@code results.TASK} with each metric, its {@code METRIC_stderr} (null where none is defined),
 * {@code samples}, {@code shots}, {@code version} and where the data came from; {@code config}; {@code versions}; and {@code
 * model}.
 */
public final class ResultFile {

    /** The version of the format. */
    public static final int FORMAT = 1;

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String ERROR = "_stderr";

    private ResultFile() {}

    /**
     * Writes results.
     *
     * @param file the file, which appears whole or not at all
     * @param results the results
     * @param about further objects by name: {@code config}, {@code versions}, {@code model}
     * @throws IOException if writing fails
     */
    public static void write(Path file, List<TaskResult> results, Map<String, ?> about) throws IOException {
        ObjectNode root = JSON.createObjectNode().put("format", FORMAT);
        ObjectNode all = root.putObject("results");
        results.forEach(result -> all.set(result.name(), json(result)));
        about.forEach((key, value) -> root.set(key, JSON.valueToTree(value)));
        OutputFile.write(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n");
    }

    private static ObjectNode json(TaskResult result) {
        ObjectNode node = JSON.createObjectNode();
        result.metrics().forEach((metric, statistic) -> {
            node.put(metric.key(), statistic.value());
            node.put(metric.key() + ERROR, statistic.standardError());
        });
        node.put("samples", result.samples()).put("shots", result.shots()).put("version", result.version());
        if (result.data() != null) {
            node.put("split", result.data().split()).put("wanted_split", result.data().wantedSplit())
                    .put("shots_split", result.data().shotsSplit()).put("data_sha256", result.data().digest());
            node.set("data", JSON.valueToTree(result.data().files()));
        }
        if (!result.averaged().isEmpty()) {
            node.set("averaged", JSON.valueToTree(result.averaged()));
            node.set("missing", JSON.valueToTree(result.missing()));
        }
        return node;
    }

    /**
     * Reads results for comparison.
     *
     * @param file a file that {@link #write} wrote
     * @return its results, with metrics and sizes only
     * @throws InvalidInputException if it is none
     * @throws IOException if reading fails
     */
    public static List<TaskResult> read(Path file) throws IOException {
        RegularFile.require(file, "the result file");
        JsonNode root;
        try {
            root = JSON.readTree(file.toFile());
        } catch (JsonProcessingException e) {
            throw new InvalidInputException(file + " is not valid JSON: " + JsonProblem.of(e), e);
        }
        if (root == null || !root.path("results").isObject()) {
            throw new InvalidInputException(file + " has no 'results': it must be what 'eval --output' wrote");
        }
        List<TaskResult> results = new ArrayList<>();
        root.get("results").properties().forEach(each -> {
            Map<MetricName, Statistic> metrics = new LinkedHashMap<>();
            for (MetricName metric : MetricName.values()) {
                JsonNode value = each.getValue().path(metric.key());
                JsonNode error = each.getValue().path(metric.key() + ERROR);
                if (value.isNumber()) {
                    metrics.put(metric, new Statistic(value.doubleValue(), error.isNumber() ? error.doubleValue() : null));
                }
            }
            results.add(new TaskResult(each.getKey(), each.getValue().path("version").asText(), each.getValue().path("shots")
                    .asInt(), each.getValue().path("samples").asInt(), metrics, null, List.of(), List.of()));
        });
        return results;
    }
}
