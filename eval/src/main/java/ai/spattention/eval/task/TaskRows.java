package ai.spattention.eval.task;

import ai.spattention.eval.data.Row;
import java.util.List;

/** Rows as questions, with examples before them. Rows must come in their order, for examples are drawn as they come. */
public final class TaskRows {

    private final Prompts prompts;
    private final FewShot shots;

    /**
     * Prepares a task.
     *
     * @param spec the task
     * @param pool the rows that examples come from
     * @param ofScoredSplit whether they are those that are scored
     * @param shots examples before each question
     */
    public TaskRows(TaskSpec spec, List<Row> pool, boolean ofScoredSplit, int shots) {
        prompts = new Prompts(spec);
        this.shots = new FewShot(spec, prompts, pool, ofScoredSplit, shots);
    }

    /**
     * A row's choices.
     *
     * @param row the row
     * @return the question
     * @throws ai.spattention.common.InvalidInputException if the row does not fit the task
     */
    public Question question(Row row) {
        Question own = prompts.question(row);
        return own.after(shots.before(row));
    }

    /**
     * A row's context and continuation.
     *
     * @param row the row
     * @return both
     * @throws ai.spattention.common.InvalidInputException if the row does not fit the task
     */
    public Question.Choice continuation(Row row) {
        Question.Choice own = prompts.continuation(row);
        return new Question.Choice(shots.before(row) + own.context(), own.continuation(), own.text());
    }

    /**
     * The text to score.
     *
     * @param row the row
     * @return the text
     * @throws ai.spattention.common.InvalidInputException if the row does not fit the task
     */
    public String text(Row row) {
        return prompts.text(row);
    }

    /**
     * The text whose words and bytes count.
     *
     * @param row the row
     * @return the text
     * @throws ai.spattention.common.InvalidInputException if the row does not fit the task
     */
    public String counted(Row row) {
        return prompts.counted(row);
    }
}
