package ai.spattention.eval.task;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.data.Row;
import ai.spattention.eval.jinja.JinjaTemplate;
import ai.spattention.olmoe.io.VisibleText;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/** Turns rows into the texts of a task. */
final class Prompts {

    private final TaskSpec spec;
    private final Template description;
    private final Template prompt;
    private final List<Template> prompts;
    private final List<Template> choices;
    private final Template choice;
    private final Template continuation;
    private final Template gold;
    private final Template text;
    private final Template counted;

    Prompts(TaskSpec spec) {
        this.spec = spec;
        description = Template.of(spec.description());
        prompt = optional(spec.prompt());
        prompts = list(spec.prompts());
        choices = list(spec.choices() instanceof List<?> list ? list : null);
        choice = optional(spec.choice());
        continuation = optional(spec.continuation());
        gold = optional(spec.gold());
        text = optional(spec.text());
        counted = optional(spec.counted());
    }

    private static Template optional(String source) {
        return source == null ? null : Template.of(source);
    }

    private static List<Template> list(List<?> sources) {
        return sources == null ? null : sources.stream().map(source -> Template.of((String) source)).toList();
    }

    /** What stands before everything. */
    String description(Row row) {
        return render(row, description);
    }

    /** The contexts and continuations of a row's choices, without examples before them. */
    Question question(Row row) {
        if (prompts != null) {
            String rest = render(row, continuation);
            List<Question.Choice> options = prompts.stream()
                    .map(each -> new Question.Choice(render(row, each), spec.delimiter() + rest, rest)).toList();
            return new Question(options, gold(row, options.size()));
        }
        String context = render(row, prompt);
        List<Question.Choice> options = choices(row).stream()
                .map(each -> new Question.Choice(context, spec.delimiter() + each, each)).toList();
        return new Question(options, gold(row, options.size()));
    }

    /** A row's context and what follows it. */
    Question.Choice continuation(Row row) {
        String rest = render(row, continuation);
        return new Question.Choice(render(row, prompt), rest, rest);
    }

    /** A row as an example: its context and the right continuation. */
    String example(Row row) {
        if (spec.kind() == TaskKind.CONTINUATION) {
            Question.Choice own = continuation(row);
            return own.context() + spec.delimiter() + own.continuation() + spec.shotDelimiter();
        }
        Question question = question(row);
        Question.Choice right = question.choices().get(question.gold());
        return right.context() + right.continuation() + spec.shotDelimiter();
    }

    /** The text to score. */
    String text(Row row) {
        return render(row, text);
    }

    /** The text whose words and bytes count. */
    String counted(Row row) {
        return counted == null ? text(row) : render(row, counted);
    }

    private List<String> choices(Row row) {
        List<String> texts = choices != null ? choices.stream().map(each -> render(row, each)).toList()
                : texts(row, (String) spec.choices());
        if (texts.isEmpty()) {
            throw new InvalidInputException(row.where() + " has no choices in '" + spec.choices() + "'");
        }
        if (choice == null) {
            return texts;
        }
        return texts.stream().map(each -> {
            Map<String, Object> fields = new HashMap<>(row.fields());
            fields.put("choice", each);
            return render(row, choice, fields);
        }).toList();
    }

    private int gold(Row row, int count) {
        String right = render(row, gold);
        if (spec.labels() != null) {
            List<String> labels = spec.labels() instanceof String path ? texts(row, path)
                    : ((List<?>) spec.labels()).stream().map(String::valueOf).toList();
            int index = labels.indexOf(right);
            if (index < 0 || index >= count) {
                throw new InvalidInputException(row.where() + ": the right answer '" + right + "' is not among the "
                        + count + " choices " + labels);
            }
            return index;
        }
        int index;
        try {
            index = Integer.parseInt(right);
        } catch (NumberFormatException e) {
            throw new InvalidInputException(row.where() + ": the right answer must be a choice's number from 0 to "
                    + (count - 1) + " (got '" + right + "')", e);
        }
        if (!IntStream.range(0, count).anyMatch(each -> each == index)) {
            throw new InvalidInputException(row.where() + ": the right answer " + index + " is outside the " + count
                    + " choices, 0 to " + (count - 1));
        }
        return index;
    }

    private static List<String> texts(Row row, String path) {
        Object value = row.fields();
        for (String part : path.split("\\.")) {
            value = value instanceof Map<?, ?> map ? map.get(part) : null;
        }
        if (!(value instanceof List<?> list)) {
            throw new InvalidInputException(row.where() + " has no list '" + path + "'"
                    + (Objects.isNull(value) ? "" : " (got '" + value + "')"));
        }
        return list.stream().map(JinjaTemplate::print).toList();
    }

    private static String render(Row row, Template template) {
        return render(row, template, row.fields());
    }

    private static String render(Row row, Template template, Map<String, Object> fields) {
        try {
            return template.render(fields);
        } catch (InvalidInputException e) {
            throw new InvalidInputException(row.where() + ": " + VisibleText.line(e.getMessage()), e);
        }
    }
}
