package ai.spattention.train.loop.periodic;

import ai.djl.ndarray.NDManager;
import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.GroupRun;
import ai.spattention.eval.Limit;
import ai.spattention.eval.TaskRun;
import ai.spattention.eval.data.DataFolder;
import ai.spattention.eval.probe.ProbeResult;
import ai.spattention.eval.probe.ProbedModel;
import ai.spattention.eval.probe.TaskProbe;
import ai.spattention.eval.report.TaskResult;
import ai.spattention.eval.score.LogLikelihoods;
import ai.spattention.eval.score.PrefixToken;
import ai.spattention.eval.score.RequestEncoder;
import ai.spattention.eval.score.Scorer;
import ai.spattention.eval.task.TaskCatalog;
import ai.spattention.eval.task.TaskGroup;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.train.config.EvaluationConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Scores a model in training on benchmark tasks, as {@code eval} scores a saved one: same prompts, tokens and metrics. The
 * model is used where it is, in inference mode; nothing random is drawn, and no score is kept, since the next ones are another
 * model's. Rows are read anew each time, so that no memory is held between two scorings.
 */
public final class TaskEvaluation {

    private final EvaluationConfig config;
    private final List<TaskGroup> groups;
    private final DataFolder data;

    private TaskEvaluation(EvaluationConfig config, List<TaskGroup> groups, DataFolder data) {
        this.config = config;
        this.groups = groups;
        this.data = data;
    }

    /**
     * Checks all that can be wrong but for the model: every row of every task is read and turned into tokens once.
     *
     * @param config what to score; with at least one task
     * @param tokenizer the model's tokenizer
     * @param maxLength the most tokens that the model reads
     * @param notes gets a line for each thing that a person should know: another split than wanted, tasks without data
     * @return the evaluation
     * @throws InvalidInputException if a task, its data or one of its rows cannot be used
     * @throws IOException if reading fails
     */
    public static TaskEvaluation prepare(EvaluationConfig config, Tokenizer tokenizer, int maxLength, Consumer<String> notes)
            throws IOException {
        Path folder = Path.of(config.data());
        if (config.data().isEmpty() || !Files.isDirectory(folder)) {
            throw new InvalidInputException("evaluation.data must name a folder that holds TASK/SPLIT.jsonl, or Parquet or Arrow"
                    + " files as the Hugging Face hub and its cache do (got "
                    + (config.data().isEmpty() ? "nothing" : config.data() + ", which is not there") + ")");
        }
        try {
            TaskCatalog catalog = new TaskCatalog();
            List<TaskGroup> groups = new ArrayList<>();
            for (String name : config.taskNames()) {
                groups.add(catalog.find(name));
            }
            TaskEvaluation evaluation = new TaskEvaluation(config, groups, DataFolder.open(folder));
            evaluation.run(tokenizer, maxLength, Scorer.UNASKED, notes);
            return evaluation;
        } catch (InvalidInputException e) {
            throw new InvalidInputException("evaluation: " + e.getMessage(), e);
        }
    }

    /**
     * Scores the tasks.
     *
     * @param model the model
     * @param manager a manager on the model's device; arrays live in managers below it, until this method returns
     * @param tokenizer the model's tokenizer
     * @param shares over which processes batches are shared out; all call this
     * @param stop asked after every batch whether to end the scoring
     * @return for each task, or for each average of a group of tasks, its metrics by their names, all in the order asked for
     * @throws java.util.concurrent.CancellationException if it was asked to end
     * @throws InvalidInputException if the data changed meanwhile and can no longer be used
     * @throws IOException if reading fails
     */
    public Map<String, Map<String, Double>> score(OlmoeModel model, NDManager manager, Tokenizer tokenizer, Shares shares,
            BooleanSupplier stop) throws IOException {
        try (NDManager scope = manager.newSubManager()) {
            OlmoeModel asked = model.withLayoutLength(config.layout().of(model.getConfig()));
            Scorer scorer = shares.scorer(new LogLikelihoods(asked, scope, config.batchTokens(), true), stop);
            return shares.measure(() -> run(tokenizer, model.getConfig().maxPositionEmbeddings(), scorer, note -> { }));
        }
    }

    /**
     * Probes the tasks: bits a byte and margins, with the layout fixed and that of the sequence.
     *
     * @param model the model
     * @param manager as for {@link #score}
     * @param tokenizer the model's tokenizer
     * @param shares as for {@link #score}
     * @param stop asked after every batch whether to end the probing
     * @return the results
     * @throws java.util.concurrent.CancellationException if it was asked to end
     * @throws InvalidInputException if the data changed meanwhile and can no longer be used
     * @throws IOException if reading fails
     */
    public List<ProbeResult> probe(OlmoeModel model, NDManager manager, Tokenizer tokenizer, Shares shares, BooleanSupplier stop)
            throws IOException {
        int maxLength = model.getConfig().maxPositionEmbeddings();
        try (NDManager scope = manager.newSubManager()) {
            return shares.measure(() -> new TaskProbe(new RequestEncoder(tokenizer, PrefixToken.endOfText(tokenizer), maxLength),
                    layout -> shares.scorer(new LogLikelihoods(model.withLayoutLength(layout), scope, config.batchTokens(), true), stop),
                    new Limit(config.limit()), config.shots(), maxLength)
                    .run(groups, data, ProbedModel.of(model, scope).bothLayouts()));
        }
    }

    private Map<String, Map<String, Double>> run(Tokenizer tokenizer, int maxLength, Scorer scorer, Consumer<String> notes)
            throws IOException {
        RequestEncoder encoder = new RequestEncoder(tokenizer, PrefixToken.endOfText(tokenizer), maxLength);
        GroupRun run = new GroupRun(new TaskRun(encoder, scorer, sample -> { }, new Limit(config.limit()), config.shots()), notes);
        Map<String, Map<String, Double>> scores = new LinkedHashMap<>();
        for (TaskGroup group : groups) {
            run.run(group, data, result -> {
                if (!group.isAverage() && scores.containsKey(result.name())) {
                    throw new InvalidInputException("two tasks are called '" + result.name() + "': give each a name of its own");
                }
                if (!group.isAverage() || !result.averaged().isEmpty()) {
                    scores.put(result.name(), metrics(result));
                }
            });
        }
        return scores;
    }

    private static Map<String, Double> metrics(TaskResult result) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        result.metrics().forEach((metric, statistic) -> metrics.put(metric.key(), statistic.value()));
        return metrics;
    }
}
