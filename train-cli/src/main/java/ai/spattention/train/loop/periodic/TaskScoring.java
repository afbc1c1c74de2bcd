package ai.spattention.train.loop.periodic;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;

/** Scores the model on benchmark tasks. Their data may be gone or changed meanwhile: that is no reason to lose a run. */
public final class TaskScoring implements Periodic {

    private final TaskEvaluation tasks;
    private final PreparedData data;
    private final Shares shares;
    private final Interval interval;
    private final Consumer<String> notes;

    /**
     * Creates the scoring.
     *
     * @param config the run's configuration
     * @param tasks the tasks, checked
     * @param data the run's data, which has the tokenizer
     * @param shares over which processes the work is shared out
     * @param notes gets a line for each thing that a person should know
     */
    public TaskScoring(RunConfig config, TaskEvaluation tasks, PreparedData data, Shares shares, Consumer<String> notes) {
        this.tasks = tasks;
        this.data = data;
        this.shares = shares;
        this.notes = notes;
        interval = new Interval(config.evaluation().everySteps());
    }

    @Override
    public boolean isDue(long step, boolean isLast) {
        return interval.includes(step, isLast);
    }

    /** Adds the scores. */
    @Override
    public void act(StepEnd end, StepMetrics.Builder metrics) {
        try (Tokenizer tokenizer = data.tokenizer()) {
            metrics.optTaskScores(tasks.score(end.model(), end.manager(), tokenizer, shares, end.stop()));
        } catch (CancellationException e) {
            notes.accept("step " + end.step() + ": the tasks were not scored to the end, for the run was asked to stop");
        } catch (InvalidInputException | IOException e) {
            notes.accept("warning: step " + end.step() + ": the tasks could not be scored, training goes on: " + e.getMessage());
        }
    }
}
