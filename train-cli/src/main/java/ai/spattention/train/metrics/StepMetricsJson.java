package ai.spattention.train.metrics;

import ai.spattention.common.InvalidInputException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** A step's metrics as a JSON object. JSON has no NaN: a number that is not finite is null. */
final class StepMetricsJson {

    private StepMetricsJson() {}

    static ObjectNode write(StepMetrics metrics) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put(JsonLines.STEP, metrics.step());
        json.put("tokens", metrics.tokens());
        put(json, "loss", metrics.loss());
        put(json, "loss_aux", metrics.lossAux());
        put(json, "loss_z", metrics.lossZ());
        put(json, "gradient_norm", metrics.gradientNorm());
        put(json, "learning_rate", metrics.learningRate());
        put(json, "tokens_per_second", metrics.tokensPerSecond());
        put(json, "time_s", metrics.timeSeconds());
        writeHeldOut(json, metrics.heldOut());
        if (!metrics.taskScores().isEmpty()) {
            ObjectNode tasks = json.putObject("tasks");
            metrics.taskScores().forEach((task, scores) -> {
                ObjectNode own = tasks.putObject(task);
                scores.forEach((metric, value) -> put(own, metric, value));
            });
        }
        metrics.utilisation().ifPresent(value -> put(json, "model_flop_utilisation", value));
        metrics.memoryMb().ifPresent(value -> put(json, "memory_mb", value));
        metrics.gpuMemoryMb().ifPresent(value -> put(json, "gpu_memory_mb", value));
        metrics.slowestSeconds().ifPresent(value -> put(json, "step_seconds_slowest", value));
        metrics.medianSeconds().ifPresent(value -> put(json, "step_seconds_median", value));
        metrics.checkpointSeconds().ifPresent(value -> put(json, "checkpoint_seconds", value));
        if (!metrics.expertLoad().isEmpty()) {
            ArrayNode layers = json.putArray("expert_load");
            for (List<Double> layer : metrics.expertLoad()) {
                ArrayNode shares = layers.addArray();
                layer.forEach(shares::add);
            }
        }
        return json;
    }

    /** Reads what {@link #write} wrote; keys that it does not know are left aside. */
    static StepMetrics.Builder read(JsonNode json) {
        StepMetrics.Builder builder = StepMetrics.builder()
                .setStep(whole(json, JsonLines.STEP, 1))
                .setTokens(whole(json, "tokens", 0))
                .setTimeSeconds(number(json, "time_s"))
                .setLosses(number(json, "loss"), number(json, "loss_aux"), number(json, "loss_z"))
                .setGradientNorm(number(json, "gradient_norm"))
                .setLearningRate(number(json, "learning_rate"))
                .setTokensPerSecond(number(json, "tokens_per_second"));
        builder.optHeldOut(heldOut(json));
        if (json.has("tasks")) {
            builder.optTaskScores(taskScores(json.get("tasks")));
        }
        if (json.has("model_flop_utilisation")) {
            builder.optUtilisation(number(json, "model_flop_utilisation"));
        }
        if (json.has("memory_mb")) {
            builder.optMemoryMb(number(json, "memory_mb"));
        }
        if (json.has("gpu_memory_mb")) {
            builder.optGpuMemoryMb(number(json, "gpu_memory_mb"));
        }
        if (json.has("step_seconds_slowest")) {
            builder.optStepSeconds(number(json, "step_seconds_slowest"), number(json, "step_seconds_median"));
        }
        if (json.has("checkpoint_seconds")) {
            builder.optCheckpointSeconds(number(json, "checkpoint_seconds"));
        }
        if (json.has("expert_load")) {
            builder.optShares(shares(json.get("expert_load")));
        }
        return builder;
    }

    /** The set without a name has keys of its own: files had them before there were other sets. */
    private static void writeHeldOut(ObjectNode json, Map<String, HeldOutLoss> heldOut) {
        heldOut.forEach((name, loss) -> {
            boolean isNamed = !name.equals(HeldOutLoss.UNNAMED);
            ObjectNode own = isNamed ? json.withObjectProperty("validation").putObject(name) : json;
            put(own, isNamed ? "loss" : "validation_loss", loss.natsPerToken());
            loss.bitsPerByte().ifPresent(bits -> put(own, isNamed ? "bits_per_byte" : "validation_bits_per_byte", bits));
        });
    }

    private static Map<String, HeldOutLoss> heldOut(JsonNode json) {
        Map<String, HeldOutLoss> result = new LinkedHashMap<>();
        if (json.has("validation_loss")) {
            result.put(HeldOutLoss.UNNAMED, heldOut(json, "validation_loss", "validation_bits_per_byte"));
        }
        if (json.has("validation")) {
            requireObject("validation", json.get("validation"));
            for (var set : json.get("validation").properties()) {
                requireObject("the held-out set " + JsonLines.shown(TextNode.valueOf(set.getKey())), set.getValue());
                result.put(set.getKey(), heldOut(set.getValue(), "loss", "bits_per_byte"));
            }
        }
        return result;
    }

    private static HeldOutLoss heldOut(JsonNode json, String loss, String bits) {
        return new HeldOutLoss(number(json, loss), json.has(bits) ? OptionalDouble.of(number(json, bits)) : OptionalDouble.empty());
    }

    private static void put(ObjectNode json, String key, double value) {
        if (Double.isFinite(value)) {
            json.put(key, value);
        } else {
            json.putNull(key);
        }
    }

    static long whole(JsonNode json, String key, long least) {
        JsonNode value = json.path(key);
        if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < least) {
            throw new InvalidInputException(key + " must be a whole number of at least " + least + " (got "
                    + JsonLines.shown(value) + ")");
        }
        return value.longValue();
    }

    private static double number(JsonNode json, String key) {
        JsonNode value = json.path(key);
        if (value.isNull()) {
            return Double.NaN;
        }
        if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
            throw new InvalidInputException(key + " must be a number or null (got " + JsonLines.shown(value) + ")");
        }
        return value.doubleValue();
    }

    private static Map<String, Map<String, Double>> taskScores(JsonNode tasks) {
        Map<String, Map<String, Double>> result = new LinkedHashMap<>();
        requireObject("tasks", tasks);
        for (var task : tasks.properties()) {
            requireObject("the task " + JsonLines.shown(TextNode.valueOf(task.getKey())), task.getValue());
            Map<String, Double> scores = new LinkedHashMap<>();
            for (var metric : task.getValue().properties()) {
                scores.put(metric.getKey(), number(task.getValue(), metric.getKey()));
            }
            result.put(task.getKey(), scores);
        }
        return result;
    }

    private static void requireObject(String what, JsonNode value) {
        if (!value.isObject()) {
            throw new InvalidInputException(what + " must be an object (got " + JsonLines.shown(value) + ")");
        }
    }

    private static void requireList(JsonNode value) {
        if (!value.isArray()) {
            throw new InvalidInputException("expert_load must hold a list for each layer (got " + JsonLines.shown(value) + ")");
        }
    }

    private static List<List<Double>> shares(JsonNode layers) {
        List<List<Double>> result = new ArrayList<>();
        requireList(layers);
        for (JsonNode layer : layers) {
            requireList(layer);
            List<Double> shares = new ArrayList<>();
            for (JsonNode share : layer) {
                if (!share.isNumber() || !(share.doubleValue() >= 0 && share.doubleValue() <= 1)) {
                    throw new InvalidInputException("expert_load must hold shares from 0 to 1 (got "
                            + JsonLines.shown(share) + ")");
                }
                shares.add(share.doubleValue());
            }
            result.add(shares);
        }
        return result;
    }
}
