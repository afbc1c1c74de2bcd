package ai.spattention.train.config;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.task.TaskCatalog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;

/**
 * The benchmark tasks that the model is scored on while it learns, as {@code eval} scores it afterwards.
 *
 * @param everySteps steps between two scorings, at least 0; 0, the default, for one at the end only
 * @param tasks the names of tasks, groups of tasks or YAML files that describe one, separated by commas; empty, the default,
 *     for none
 * @param data the folder that holds the tasks' data, as TASK/SPLIT.jsonl; required where there are tasks
 * @param limit the rows of a task that are scored, the first ones: a whole number, or a fraction between 0 and 1; 0, the default,
 *     for all
 * @param shots examples before each question, at least 0; default 0
 * @param batchTokens tokens that go through the model together at most, at least 1; default 4096
 * @param layout from which length bands are computed; default {@code model}
 */
public record EvaluationConfig(int everySteps, String tasks, String data, double limit, int shots, int batchTokens,
        LayoutChoice layout) implements Section {

    /**
     * Checks the values.
     *
     * @throws ai.spattention.common.InvalidInputException if a value is out of range, a task has no known name, or data are missing
     */
    public EvaluationConfig {
        Require.atLeast("evaluation.every_steps", everySteps, 0);
        Require.that(tasks.indexOf('\0') < 0, "evaluation.tasks", "must not contain a zero character", tasks);
        Require.that(data.indexOf('\0') < 0, "evaluation.data", "must not contain a zero character", data);
        Require.notNegative("evaluation.limit", limit);
        Require.that(limit <= 1 || limit == Math.rint(limit) && limit <= Integer.MAX_VALUE, "evaluation.limit",
                "must be a whole number of rows, or a fraction of them between 0 and 1", limit);
        Require.atLeast("evaluation.shots", shots, 0);
        Require.atLeast("evaluation.batch_tokens", batchTokens, 1);
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
