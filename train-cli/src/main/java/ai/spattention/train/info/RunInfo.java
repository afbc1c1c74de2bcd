package ai.spattention.train.info;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.JsonProblem;
import ai.spattention.olmoe.io.StrictJson;
import ai.spattention.train.checkpoint.CheckpointStore;
import ai.spattention.train.config.ConfigSource;
import ai.spattention.train.config.ModelFolder;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.RunConfigLoader;
import ai.spattention.train.loop.setup.ModelSetup;
import ai.spattention.train.metrics.HeldOutLoss;
import ai.spattention.train.metrics.MetricsSummary;
import ai.spattention.train.metrics.StepMetrics;
import ai.spattention.train.report.FailureFile;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** How far a run has come. */
final class RunInfo {

    static final String CONFIG = "config.yaml";

    private RunInfo() {}

    static ObjectNode of(Path folder) throws IOException {
        RunConfig run = RunConfigLoader.load(ConfigSource.file(folder.resolve(CONFIG)), List.of());
        Path metrics = folder.resolve("metrics.jsonl");
        List<String> complaints = new ArrayList<>();
        Optional<MetricsSummary> summary = Files.exists(metrics) ? MetricsSummary.read(metrics, complaints::add) : Optional.empty();
        Optional<StepMetrics> last = summary.map(MetricsSummary::last);
        ObjectNode info = JsonNodeFactory.instance.objectNode().put("kind", "run").put("path", folder.toString());
        info.put("name", run.name());
        info.put("precision", run.precision().key());
        info.put("kernel", run.kernel());
        info.put("steps_done", last.map(StepMetrics::step).orElse(0L));
        info.put("steps", run.training().steps());
        info.put("tokens", last.map(StepMetrics::tokens).orElse(0L));
        info.put("tokens_planned", run.tokensPerStep() * run.training().steps());
        info.put("seconds", last.map(StepMetrics::timeSeconds).orElse(0.0));
        put(info, "loss", last.map(StepMetrics::loss));
        Optional<StepMetrics> validated = summary.flatMap(MetricsSummary::lastValidated);
        put(info, "validation_loss", validated.filter(step -> step.validationLoss().isPresent())
                .map(step -> step.validationLoss().getAsDouble()));
        info.put("validation_step", validated.map(StepMetrics::step).orElse(null));
        validated.ifPresent(step -> heldOut(info, step));
        summary.flatMap(MetricsSummary::lastScored).ifPresent(scored -> tasks(info, scored));
        if (!complaints.isEmpty()) {
            info.put("damaged_metrics_lines", complaints.size());
        }
        FailureFile.read(folder).ifPresent(reason -> info.put("failed", reason));
        ArrayNode checkpoints = info.putArray("checkpoints");
        new CheckpointStore(folder.resolve("checkpoints"), run.checkpoint().keepLast()).steps().forEach(checkpoints::add);
        info.put("model_saved", ModelFolder.isModel(folder.resolve(ModelFolder.IN_RUN)));
        info.set("model", ModelInfo.sizes(ModelSetup.config(run, null)));
        info.set("versions", versions(folder.resolve("versions.json")));
        return info;
    }

    private static void heldOut(ObjectNode info, StepMetrics validated) {
        validated.heldOut().forEach((name, loss) -> {
            boolean isNamed = !name.equals(HeldOutLoss.UNNAMED);
            ObjectNode own = isNamed ? info.withObjectProperty("validation").putObject(name) : info;
            if (isNamed) {
                put(own, "loss", Optional.of(loss.natsPerToken()));
            }
            if (loss.bitsPerByte().isPresent()) {
                put(own, isNamed ? "bits_per_byte" : "validation_bits_per_byte", Optional.of(loss.bitsPerByte().getAsDouble()));
            }
        });
    }

    private static void tasks(ObjectNode info, StepMetrics scored) {
        ObjectNode tasks = info.put("tasks_step", scored.step()).putObject("tasks");
        scored.taskScores().forEach((task, metrics) -> {
            ObjectNode own = tasks.putObject(task);
            metrics.forEach((metric, value) -> put(own, metric, Optional.of(value)));
        });
    }

    /** JSON has no NaN. */
    private static void put(ObjectNode info, String key, Optional<Double> value) {
        info.put(key, value.filter(Double::isFinite).orElse(null));
    }

    private static JsonNode versions(Path file) throws IOException {
        if (!Files.exists(file)) {
            return JsonNodeFactory.instance.nullNode();
        }
        try {
            return StrictJson.tree(StrictJson.builder().build(), Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            throw new InvalidInputException(file + " is damaged: " + JsonProblem.of(e), e);
        }
    }
}
