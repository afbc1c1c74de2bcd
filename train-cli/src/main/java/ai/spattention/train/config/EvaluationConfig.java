package ai.spattention.train.config;

import ai.spattention.InvalidInputException;
import ai.spattention.eval.task.TaskCatalog;
import ai.spattention.olmoe.keys.InvalidKeyException;
import ai.spattention.olmoe.keys.Key;
import ai.spattention.olmoe.keys.Range;
import ai.spattention.olmoe.keys.RecordKeys;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;

/** The benchmark tasks that the model is scored on while it learns, as {@code eval} scores it afterwards. */
public record EvaluationConfig(
        @Key(meaning = "steps between two scorings; 0 for one at the end only", unit = "steps", defaultValue = "0")
        @Range(min = 0) int everySteps,
        @Key(meaning = "names of tasks, groups of tasks or YAML files that describe one, separated by commas; empty for none",
                defaultValue = "\"\"") String tasks,
        @Key(meaning = "folder that holds the tasks' data, as TASK/SPLIT.jsonl; required where there are tasks", defaultValue = "\"\"")
        String data,
        @Key(meaning = "rows of a task that are scored, the first ones: a number, or a fraction of them; 0 for all", unit = "rows",
                defaultValue = "0", allowed = "at least 0 and, above 1, whole")
        @Range(min = 0) double limit,
        @Key(meaning = "examples before each question", unit = "examples", defaultValue = "0")
        @Range(min = 0) int shots,
        @Key(meaning = "tokens that go through the model together at most", unit = "tokens", defaultValue = "4096")
        @Range(min = 1) int batchTokens,
        @Key(meaning = "from which length bands are computed: as in training, from a fixed length, or from the sequence at hand",
                defaultValue = "model") LayoutChoice layout) {

    private static final RecordKeys<EvaluationConfig> KEYS = RecordKeys.of(EvaluationConfig.class);

    /**
     * Checks the values.
     *
     * @throws InvalidKeyException if a value is out of range, a task has no known name, or data are missing
     */
    public EvaluationConfig {
        KEYS.check("evaluation", everySteps, tasks, data, limit, shots, batchTokens, layout);
        Require.that(tasks.indexOf('\0') < 0, "evaluation.tasks", "must not contain a zero character", tasks);
        Require.that(data.indexOf('\0') < 0, "evaluation.data", "must not contain a zero character", data);
        Require.that(limit <= 1 || limit == Math.rint(limit) && limit <= Integer.MAX_VALUE, "evaluation.limit",
                "must be a whole number of rows, or a fraction of them between 0 and 1", limit);
        if (everySteps > 0 && tasks.isBlank()) {
            throw new InvalidKeyException("evaluation.every_steps is set, but no evaluation.tasks are: name the tasks,"
                    + " separated by commas, or set it to 0", "evaluation.every_steps");
        }
        if (!tasks.isBlank() && data.isBlank()) {
            throw new InvalidKeyException("evaluation.tasks needs evaluation.data, the folder that holds the tasks' data",
                    "evaluation.tasks", "evaluation.data");
        }
        names(tasks).stream().filter(name -> !name.matches(".*\\.ya?ml")).forEach(EvaluationConfig::requireKnown);
    }

    private static List<String> names(String tasks) {
        return tasks.isBlank() ? List.of() : Arrays.stream(tasks.split(",", -1)).map(String::strip).distinct().toList();
    }

    private static void requireKnown(String name) {
        try {
            new TaskCatalog().find(name);
        } catch (InvalidInputException e) {
            throw new InvalidKeyException("evaluation.tasks: " + e.getMessage(), "evaluation.tasks");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the task " + name, e);
        }
    }

    /**
     * The tasks one by one.
     *
     * @return their names, each once; empty where nothing is scored
     */
    public List<String> taskNames() {
        return names(tasks);
    }
}
