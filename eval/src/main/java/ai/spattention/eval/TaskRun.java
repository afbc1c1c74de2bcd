package ai.spattention.eval;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.data.DataFolder;
import ai.spattention.eval.data.DataSplit;
import ai.spattention.eval.data.Row;
import ai.spattention.eval.metric.Bootstrap;
import ai.spattention.eval.metric.ChoiceMetrics;
import ai.spattention.eval.metric.MetricName;
import ai.spattention.eval.metric.Statistic;
import ai.spattention.eval.metric.Statistics;
import ai.spattention.eval.metric.TextMetrics;
import ai.spattention.eval.python.PythonText;
import ai.spattention.eval.report.TaskResult;
import ai.spattention.eval.score.LogLikelihoodRequest;
import ai.spattention.eval.score.RequestEncoder;
import ai.spattention.eval.score.Score;
import ai.spattention.eval.score.Scorer;
import ai.spattention.eval.score.TargetTokens;
import ai.spattention.eval.task.Question;
import ai.spattention.eval.task.TaskKind;
import ai.spattention.eval.task.TaskRows;
import ai.spattention.eval.task.TaskSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Scores a model on one task: rows to requests, requests to scores, scores to metrics. */
public final class TaskRun {

    private final RequestEncoder encoder;
    private final Scorer scorer;
    private final SampleSink samples;
    private final Limit limit;
    private final int shots;

    /** Gets every request with its score. */
    @FunctionalInterface
    public interface SampleSink {

        /**
         * Takes a request.
         *
         * @param sample the request and its score
         * @throws IOException if it cannot be kept
         */
        void add(Sample sample) throws IOException;
    }

    /**
     * Creates a run.
     *
     * @param encoder turns text into tokens
     * @param scorer answers requests
     * @param samples gets every request
     * @param limit how many rows of a task are scored
     * @param shots examples before each question
     */
    public TaskRun(RequestEncoder encoder, Scorer scorer, SampleSink samples, Limit limit, int shots) {
        this.encoder = encoder;
        this.scorer = scorer;
        this.samples = samples;
        this.limit = limit;
        this.shots = shots;
    }

    /**
     * Scores a task.
     *
     * @param spec the task
     * @param folder where the data are
     * @return its result
     * @throws InvalidInputException if there are no data, or a row does not fit the task
     * @throws IOException if reading or keeping fails
     */
    public TaskResult run(TaskSpec spec, DataFolder folder) throws IOException {
        DataSplit split = folder.findFirst(spec.folder(), spec.datasets(), spec.evaluate());
        DataSplit pool = shots == 0 ? null : shotsFrom(spec, folder);
        List<Row> all = split.rows();
        List<Row> rows = all.subList(0, (int) limit.of(all.size()));
        boolean same = pool != null && pool.files().equals(split.files());
        TaskRows task = new TaskRows(spec, pool == null ? List.of() : same ? all : pool.rows(), same, shots);
        Map<MetricName, Statistic> metrics = switch (spec.kind()) {
            case MULTIPLE_CHOICE -> choices(spec, task, rows);
            case CONTINUATION -> continuations(spec, task, rows);
            case ROLLING -> texts(spec.task(), spec.metrics(), texts(task, rows));
        };
        TaskResult.Data data = new TaskResult.Data(split.name(), spec.evaluate().get(0),
                split.files().stream().map(Path::toString).toList(), split.digest(), pool == null ? null : pool.name());
        return new TaskResult(spec.task(), spec.version(), shots, rows.size(), metrics, data, List.of(), List.of());
    }

    private static DataSplit shotsFrom(TaskSpec spec, DataFolder folder) throws IOException {
        if (spec.kind() == TaskKind.ROLLING || spec.shotsFrom().isEmpty()) {
            throw new InvalidInputException("the task '" + spec.task() + "' takes no examples: ask for 0 shots");
        }
        List<String> splits = new ArrayList<>(spec.shotsFrom());
        splits.addAll(spec.evaluate());
        return folder.findFirst(spec.folder(), spec.datasets(), splits);
    }

    private Map<MetricName, Statistic> choices(TaskSpec spec, TaskRows task, List<Row> rows) throws IOException {
        List<Question> questions = new ArrayList<>();
        List<List<Question.Choice>> choices = new ArrayList<>();
        for (Row row : rows) {
            questions.add(task.question(row));
            choices.add(questions.get(questions.size() - 1).choices());
        }
        List<List<Score>> scores = score(spec.task(), choices, questions.stream().map(Question::gold).toList());
        Map<MetricName, Statistic> metrics = new LinkedHashMap<>();
        for (MetricName metric : spec.metrics()) {
            double[] correct = new double[rows.size()];
            for (int i = 0; i < correct.length; i++) {
                int chosen = ChoiceMetrics.chosen(metric, scores.get(i).stream().map(Score::logLikelihood).toList(),
                        choices.get(i).stream().map(Question.Choice::text).toList());
                correct[i] = chosen == questions.get(i).gold() ? 1 : 0;
            }
            metrics.put(metric, Statistics.mean(correct));
        }
        return metrics;
    }

    private Map<MetricName, Statistic> continuations(TaskSpec spec, TaskRows task, List<Row> rows) throws IOException {
        List<List<Question.Choice>> requests = rows.stream().map(row -> List.of(task.continuation(row))).toList();
        List<Score> scores = score(spec.task(), requests, null).stream().map(each -> each.get(0)).toList();
        Map<MetricName, Statistic> metrics = new LinkedHashMap<>();
        for (MetricName metric : spec.metrics()) {
            metrics.put(metric, metric == MetricName.PERPLEXITY
                    ? Bootstrap.perplexity(scores.stream().mapToDouble(Score::logLikelihood).toArray())
                    : Statistics.mean(scores.stream().mapToDouble(score -> score.greedy() ? 1 : 0).toArray()));
        }
        return metrics;
    }

    /** Scores the choices of each row; a row's scores are in the order of its choices. */
    private List<List<Score>> score(String task, List<List<Question.Choice>> rows, List<Integer> gold) throws IOException {
        List<LogLikelihoodRequest> requests = new ArrayList<>();
        for (int row = 0; row < rows.size(); row++) {
            for (int i = 0; i < rows.get(row).size(); i++) {
                Question.Choice choice = rows.get(row).get(i);
                requests.add(new LogLikelihoodRequest(task + " document " + row + " choice " + i, row, choice.context(),
                        choice.continuation()));
            }
        }
        List<Score> scores = scorer.score(task, requests.stream().map(encoder::encode).toList());
        List<List<Score>> byRow = new ArrayList<>();
        int next = 0;
        for (int row = 0; row < rows.size(); row++) {
            int count = rows.get(row).size();
            for (int i = 0; i < count; i++) {
                samples.add(new Sample(task, row, i, requests.get(next + i).context(), requests.get(next + i).continuation(),
                        scores.get(next + i), gold == null ? null : gold.get(row)));
            }
            byRow.add(scores.subList(next, next + count));
            next += count;
        }
        return byRow;
    }

    /**
     * A text to score as a whole.
     *
     * @param name what it is called in messages
     * @param text the text
     * @param counted the text whose words and bytes count
     */
    public record WholeText(String name, String text, String counted) {}

    private static List<WholeText> texts(TaskRows task, List<Row> rows) {
        return rows.stream().map(row -> new WholeText(row.where(), task.text(row), task.counted(row))).toList();
    }

    /**
     * Scores texts as a whole, each token once, from as much before it as the model reads.
     *
     * @param name what they are called
     * @param wanted the metrics
     * @param texts the texts, at least one
     * @return the metrics
     * @throws IOException if keeping fails
     */
    public Map<MetricName, Statistic> texts(String name, List<MetricName> wanted, List<WholeText> texts) throws IOException {
        List<TargetTokens> windows = new ArrayList<>();
        int[] ends = new int[texts.size()];
        for (int i = 0; i < ends.length; i++) {
            windows.addAll(encoder.windows(texts.get(i).name(), windows.size(), texts.get(i).text()));
            ends[i] = windows.size();
        }
        List<Score> scores = scorer.score(name, windows);
        TextMetrics sums = new TextMetrics();
        for (int i = 0, next = 0; i < ends.length; i++) {
            double logLikelihood = 0;
            long tokens = 0;
            boolean greedy = true;
            for (; next < ends[i]; next++) {
                logLikelihood += scores.get(next).logLikelihood();
                greedy &= scores.get(next).greedy();
                tokens += windows.get(next).targets().length;
            }
            String counted = texts.get(i).counted();
            sums.add(logLikelihood, tokens, PythonText.countWords(counted), counted.getBytes(StandardCharsets.UTF_8).length);
            samples.add(new Sample(name, i, 0, "", texts.get(i).text(), new Score(logLikelihood, greedy), null));
        }
        Map<MetricName, Statistic> metrics = new LinkedHashMap<>();
        wanted.forEach(metric -> metrics.put(metric, sums.of(metric)));
        return metrics;
    }
}
