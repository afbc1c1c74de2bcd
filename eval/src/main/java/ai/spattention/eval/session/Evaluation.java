package ai.spattention.eval.session;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.GroupRun;
import ai.spattention.eval.RequestFile;
import ai.spattention.eval.TaskRun;
import ai.spattention.eval.data.DataFolder;
import ai.spattention.eval.metric.MetricName;
import ai.spattention.eval.metric.Statistic;
import ai.spattention.eval.metric.TextMetrics;
import ai.spattention.eval.probe.HeldOutText;
import ai.spattention.eval.probe.TokenWindow;
import ai.spattention.eval.report.TaskResult;
import ai.spattention.eval.score.RequestEncoder;
import ai.spattention.eval.score.Score;
import ai.spattention.eval.score.Scorer;
import ai.spattention.eval.score.TargetTokens;
import ai.spattention.eval.task.TaskGroup;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.io.RegularFile;
import ai.spattention.olmoe.io.Sha256;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Consumer;

/** Scores a model: on tasks, whole texts, held-out tokens and ready requests. */
public final class Evaluation {

    /** Held-out text may be larger than memory. */
    private static final int SLICE_TOKENS = 1 << 20;

    private final OlmoeConfig model;
    private final RequestEncoder encoder;
    private final ScoringSettings settings;
    private final Scorer scorer;
    private final TaskRun tasks;
    private final GroupRun groups;

    /**
     * Creates an evaluation; all arguments stay the caller's.
     *
     * @param model the model's configuration
     * @param encoder turns text into tokens, by the model's tokenizer
     * @param settings how to score
     * @param scorer answers requests
     * @param samples gets every request of tasks and texts with its score
     * @param notes gets a line for each thing that a person should know
     */
    public Evaluation(OlmoeConfig model, RequestEncoder encoder, ScoringSettings settings, Scorer scorer, TaskRun.SampleSink samples,
            Consumer<String> notes) {
        this.model = model;
        this.encoder = encoder;
        this.settings = settings;
        this.scorer = scorer;
        tasks = new TaskRun(encoder, scorer, samples, settings.limit(), settings.shots());
        groups = new GroupRun(tasks, notes);
    }

    /**
     * Reads every row of every task and makes its requests: what is wrong with one shows before the first is answered.
     *
     * @param all the tasks
     * @param folder where their data are; null if there are no tasks
     * @param texts the texts that are to be scored
     * @throws InvalidInputException if data are missing, a row does not fit its task, or a text is not there
     * @throws IOException if reading fails
     */
    public void check(List<TaskGroup> all, DataFolder folder, List<Path> texts) throws IOException {
        GroupRun unasked = new GroupRun(new TaskRun(encoder, Scorer.UNASKED, sample -> { }, settings.limit(), settings.shots()),
                note -> { });
        for (TaskGroup group : all) {
            unasked.run(group, folder, result -> { });
        }
        texts.forEach(file -> RegularFile.require(file, "the text file"));
    }

    /**
     * Scores a task, or the tasks of a group and their averages.
     *
     * @param group the tasks
     * @param folder where their data are
     * @param results gets the results as they come
     * @throws InvalidInputException if there are no data, or a row does not fit its task
     * @throws IOException if reading or keeping fails
     */
    public void tasks(TaskGroup group, DataFolder folder, GroupRun.ResultSink results) throws IOException {
        groups.run(group, folder, results);
    }

    /**
     * Scores a file's texts, each as a whole.
     *
     * @param file plain text, or rows with a field {@code text}
     * @return the result, under the file's name
     * @throws InvalidInputException if the file is damaged or holds no text
     * @throws IOException if reading or keeping fails
     */
    public TaskResult text(Path file) throws IOException {
        String name = file.getFileName().toString();
        List<TaskRun.WholeText> texts = WholeTexts.read(file);
        List<TaskRun.WholeText> scored = texts.subList(0, (int) settings.limit().of(texts.size()));
        Map<MetricName, Statistic> metrics = tasks.texts(name, List.of(MetricName.LOSS, MetricName.TOKEN_PERPLEXITY,
                MetricName.WORD_PERPLEXITY, MetricName.BYTE_PERPLEXITY, MetricName.BITS_PER_BYTE), scored);
        return new TaskResult(name, "1.0", 0, scored.size(), metrics, new TaskResult.Data("text", "text",
                List.of(file.toString()), Sha256.of(List.of(file)), null), List.of(), List.of());
    }

    /**
     * The loss on held-out tokens, in windows as long as the model reads and the text is, or as the settings say.
     *
     * @param text the tokens
     * @param bytesPerToken bytes of text in a token, for the loss in bits a byte; empty if that is not known
     * @param data where the tokens lie
     * @return the result, under the text's name
     * @throws InvalidInputException if the text is shorter than one window
     * @throws IOException if reading or keeping fails
     */
    public TaskResult tokens(HeldOutText text, OptionalDouble bytesPerToken, TaskResult.Data data) throws IOException {
        int length = settings.maxLength() != null ? settings.maxLength()
                : (int) Math.max(1, Math.min(model.maxPositionEmbeddings(), text.count(1)));
        if (text.count(length) == 0) {
            throw new InvalidInputException(text.name() + " holds less than one window of " + length + " tokens and the one after it:"
                    + " choose a shorter --max-length");
        }
        TextMetrics sums = new TextMetrics();
        long count = settings.limit().of(text.count(length));
        int slice = Math.max(1, SLICE_TOKENS / length);
        for (long first = 0; first < count; first += slice) {
            List<TargetTokens> requests = new ArrayList<>();
            for (long index = first; index < Math.min(count, first + slice); index++) {
                requests.add(request(index, text.window(index, length)));
            }
            for (Score score : scorer.score(text.name(), requests)) {
                sums.add(score.logLikelihood(), length, 0, 0);
            }
        }
        List<MetricName> names = new ArrayList<>(List.of(MetricName.LOSS, MetricName.TOKEN_PERPLEXITY));
        bytesPerToken.ifPresent(bytes -> {
            sums.add(0, 0, 0, Math.round(bytes * sums.tokens()));
            names.add(MetricName.BITS_PER_BYTE);
        });
        Map<MetricName, Statistic> metrics = new LinkedHashMap<>();
        names.forEach(metric -> metrics.put(metric, sums.of(metric)));
        return new TaskResult(text.name(), "1.0", 0, Math.toIntExact(count), metrics, data, List.of(), List.of());
    }

    private static TargetTokens request(long index, TokenWindow window) {
        int[] inputs = new int[window.length()];
        int[] targets = new int[window.length()];
        for (int i = 0; i < inputs.length; i++) {
            inputs[i] = Math.toIntExact(window.input(i));
            targets[i] = Math.toIntExact(window.target(i));
        }
        return new TargetTokens(index, inputs, targets);
    }

    /**
     * Answers ready requests, or as many of them as the settings say.
     *
     * @param requests the requests
     * @return the scores, in their order
     * @throws IOException if keeping fails
     */
    public List<Score> answer(RequestFile requests) throws IOException {
        long count = settings.limit().of(requests.requests().size());
        return scorer.score("requests", requests.requests().stream().limit(count).map(encoder::encode).toList());
    }
}
