package ai.spattention.eval.report;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.metric.MetricName;
import ai.spattention.eval.metric.Statistic;
import ai.spattention.olmoe.io.JsonProblem;
import ai.spattention.olmoe.io.OutputFile;
import ai.spattention.olmoe.io.RegularFile;
import ai.spattention.olmoe.io.StrictJson;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * A run's results as JSON: {@code results.TASK} with each metric, its {@code METRIC_stderr} (null where none is defined),
 * {@code samples}, {@code shots}, {@code version} and where the data came from; {@code config}; {@code versions}; and {@code
 * model}.
 */
public final class ResultFile {

    /** The version of the format. */
    public static final int FORMAT = 1;

    private static final ObjectMapper JSON = StrictJson.builder().build();
    private static final int LONGEST_SHOWN = 60;
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
        OutputFile.write(file, json(results, about));
    }

    /**
     * The text that {@link #write} writes.
     *
     * @param results the results
     * @param about further objects by name
     * @return JSON, with a line end
     * @throws IOException if an object cannot be JSON
     */
    public static String json(List<TaskResult> results, Map<String, ?> about) throws IOException {
        ObjectNode root = JSON.createObjectNode().put("format", FORMAT);
        ObjectNode all = root.putObject("results");
        results.forEach(result -> all.set(result.name(), json(result)));
        about.forEach((key, value) -> root.set(key, JSON.valueToTree(value)));
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
    }

    private static ObjectNode json(TaskResult result) {
        ObjectNode node = JSON.createObjectNode();
        result.metrics().forEach((metric, statistic) -> {
            node.put(metric.key(), finite(statistic.value()));
            node.put(metric.key() + ERROR, finite(statistic.standardError()));
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

    /** JSON has neither NaN nor infinity: a perplexity beyond all numbers is null. */
    private static Double finite(Double value) {
        return value == null || !Double.isFinite(value) ? null : value;
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
            root = StrictJson.tree(JSON, Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            throw new InvalidInputException(file + " is not valid JSON: " + JsonProblem.of(e), e);
        }
        if (root == null || !root.path("results").isObject()) {
            throw new InvalidInputException(file + " has no 'results': it must be what 'eval --output' wrote");
        }
        JsonNode format = root.path("format");
        if (!format.isMissingNode() && (!format.isInt() || format.intValue() != FORMAT)) {
            throw new InvalidInputException(file + " has format " + format + ", this program reads format " + FORMAT);
        }
        List<TaskResult> results = new ArrayList<>();
        for (var each : root.get("results").properties()) {
            results.add(result(file + ": results." + each.getKey(), each.getKey(), each.getValue()));
        }
        return results;
    }

    private static TaskResult result(String where, String name, JsonNode json) {
        require(json.isObject(), where, "an object", json);
        Map<MetricName, Statistic> metrics = new LinkedHashMap<>();
        for (MetricName metric : MetricName.values()) {
            OptionalDouble value = number(where + "." + metric.key(), json.path(metric.key()));
            OptionalDouble error = number(where + "." + metric.key() + ERROR, json.path(metric.key() + ERROR));
            if (value.isPresent()) {
                metrics.put(metric, new Statistic(value.getAsDouble(), error.isPresent() ? error.getAsDouble() : null));
            }
        }
        JsonNode version = json.path("version");
        require(version.isTextual(), where + ".version", "text", version);
        return new TaskResult(name, version.textValue(), count(where + ".shots", json.path("shots")),
                count(where + ".samples", json.path("samples")), metrics, null, List.of(), List.of());
    }

    /** A number; empty where none is defined. */
    private static OptionalDouble number(String where, JsonNode value) {
        if (value.isMissingNode() || value.isNull()) {
            return OptionalDouble.empty();
        }
        require(value.isNumber() && Double.isFinite(value.doubleValue()), where, "a number or null", value);
        return OptionalDouble.of(value.doubleValue());
    }

    private static int count(String where, JsonNode value) {
        require(value.isInt() && value.intValue() >= 0, where, "a whole number of at least 0", value);
        return value.intValue();
    }

    private static void require(boolean holds, String where, String rule, JsonNode value) {
        if (!holds) {
            String text = value.isMissingNode() ? "nothing" : value.toString();
            throw new InvalidInputException(where + " must be " + rule + " (got "
                    + (text.length() > LONGEST_SHOWN ? text.substring(0, LONGEST_SHOWN) + "..." : text) + ")");
        }
    }
}
