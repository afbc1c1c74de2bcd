package ai.spattention.eval.task;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.data.DataSource;
import ai.spattention.eval.metric.MetricName;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * A task as its file describes it. Templates are in the syntax of {@link Template}; a path is a field's name, parts of it
 * separated by dots.
 *
 * @param task its name
 * @param version what changes when its scores do
 * @param kind what it asks of a model
 * @param folder where its data lie below the data folder; its name if null
 * @param datasets its data's names on the Hugging Face hub
 * @param evaluate the splits to score, the best first
 * @param shotsFrom the splits that examples come from, the best first
 * @param shotsSplit whether the task itself names the split of its examples; see {@link FewShot}
 * @param shotOrder which rows become examples
 * @param description a template for what stands before everything
 * @param prompt a template for the context
 * @param prompts templates for the contexts of the choices, instead of {@code prompt} and {@code choices}
 * @param choices a path to a list of texts, or a list of templates
 * @param choice a template for each of them, where it is called {@code choice}; as they are if null
 * @param continuation a template for the one continuation
 * @param gold a template for the right choice: its number from 0 on, or its label
 * @param labels a path to a list of labels, or a list of them; null if gold is a number
 * @param text a template for the text to score
 * @param counted a template for the text whose words and bytes count; the scored one if null
 * @param delimiter what stands between context and choice
 * @param shotDelimiter what stands after an example
 * @param metrics what is computed
 */
public record TaskSpec(
        @JsonProperty(required = true) String task,
        @JsonProperty(required = true) String version,
        @JsonProperty(required = true) TaskKind kind,
        String folder,
        List<DataSource> datasets,
        @JsonProperty(required = true) List<String> evaluate,
        @JsonProperty("shots_from") List<String> shotsFrom,
        @JsonProperty("shots_split") boolean shotsSplit,
        @JsonProperty("shot_order") ShotOrder shotOrder,
        String description,
        String prompt,
        List<String> prompts,
        Object choices,
        String choice,
        String continuation,
        String gold,
        Object labels,
        String text,
        String counted,
        String delimiter,
        @JsonProperty("shot_delimiter") String shotDelimiter,
        @JsonProperty(required = true) List<MetricName> metrics) {

    private static final Set<MetricName> OF_TEXT =
            Set.of(MetricName.WORD_PERPLEXITY, MetricName.BYTE_PERPLEXITY, MetricName.BITS_PER_BYTE);

    /** Fills in defaults and checks that the parts fit together. */
    public TaskSpec {
        check(task, task != null && version != null && kind != null, "'task', 'version' and 'kind' must have values");
        check(task, isTexts(evaluate), "'evaluate' must name at least one split");
        check(task, shotsFrom == null || shotsFrom.isEmpty() || isTexts(shotsFrom), "'shots_from' must be a list of splits");
        check(task, prompts == null || isTexts(prompts), "'prompts' must be a list of templates");
        check(task, metrics != null && !metrics.isEmpty() && metrics.stream().allMatch(Objects::nonNull), "'metrics' must name at least one metric");
        check(task, datasets == null || datasets.stream().allMatch(Objects::nonNull), "'datasets' must be a list of names");
        folder = folder == null ? task : folder;
        datasets = datasets == null ? List.of() : List.copyOf(datasets);
        evaluate = List.copyOf(evaluate);
        shotsFrom = shotsFrom == null ? List.of() : List.copyOf(shotsFrom);
        shotOrder = shotOrder == null ? ShotOrder.RANDOM : shotOrder;
        description = description == null ? "" : description;
        delimiter = delimiter == null ? " " : delimiter;
        shotDelimiter = shotDelimiter == null ? "\n\n" : shotDelimiter;
        metrics = List.copyOf(metrics);
        switch (kind) {
            case MULTIPLE_CHOICE -> {
                check(task, prompts != null ? prompt == null && choices == null && continuation != null
                        : prompt != null && choices != null && continuation == null,
                        "it needs 'prompt' and 'choices', or 'prompts' and 'continuation'");
                check(task, gold != null, "it needs 'gold'");
                check(task, choices == null || choices instanceof String || isTexts(choices),
                        "'choices' must be a field's path or a list of templates");
                check(task, labels == null || labels instanceof String || isTexts(labels),
                        "'labels' must be a field's path or a list of texts");
            }
            case CONTINUATION -> check(task, prompt != null && continuation != null, "it needs 'prompt' and 'continuation'");
            case ROLLING -> check(task, text != null, "it needs 'text'");
        }
        for (MetricName metric : metrics) {
            boolean fits = switch (kind) {
                case MULTIPLE_CHOICE -> metric.isOfChoices();
                case CONTINUATION -> metric == MetricName.ACC || metric == MetricName.PERPLEXITY;
                case ROLLING -> OF_TEXT.contains(metric);
            };
            check(task, fits, "the metric '" + metric.key() + "' is not one of its kind");
        }
    }

    private static boolean isTexts(Object value) {
        return value instanceof List<?> list && !list.isEmpty() && list.stream().allMatch(String.class::isInstance);
    }

    private static void check(String task, boolean holds, String message) {
        if (!holds) {
            throw new InvalidInputException("the task '" + task + "' is not complete: " + message);
        }
    }

    /** The same task for one subject of a group. */
    TaskSpec ofSubject(String subject) {
        List<DataSource> sources = datasets.stream().map(source -> new DataSource(source.path(), subject)).toList();
        return new TaskSpec(fill(task, subject), version, kind, fill(folder, subject), sources, evaluate, shotsFrom, shotsSplit,
                shotOrder, fill(description, subject), prompt, prompts, choices, choice, continuation, gold, labels, text,
                counted, delimiter, shotDelimiter, metrics);
    }

    private static String fill(String text, String subject) {
        return text.replace("SUBJECT NAME", subject.replace('_', ' ')).replace("SUBJECT", subject);
    }
}
