package ai.spattention.train.loop.periodic;

import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.probe.ProbeName;
import ai.spattention.eval.probe.ProbeResult;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.loop.observer.RunObserver;
import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;

/** Probes the model on held-out text and on benchmark tasks. A probe that gives nothing is no reason to lose a run. */
public final class Probing implements Periodic {

    private final TextProbes texts;
    private final Optional<TaskEvaluation> tasks;
    private final PreparedData data;
    private final Shares shares;
    private final Interval interval;
    private final RunObserver observer;

    /**
     * Creates the probing.
     *
     * @param config the run's configuration, which asks for probes
     * @param texts the probes of held-out text, checked; perhaps none
     * @param tasks the benchmark tasks, checked
     * @param data the run's data, which has the tokenizer
     * @param shares over which processes the work is shared out
     * @param observer is told the results
     */
    public Probing(RunConfig config, TextProbes texts, Optional<TaskEvaluation> tasks, PreparedData data, Shares shares,
            RunObserver observer) {
        this.texts = texts;
        this.tasks = config.validation().probeNames().contains(ProbeName.TASKS) ? Optional.of(tasks.orElseThrow()) : Optional.empty();
        this.data = data;
        this.shares = shares;
        this.observer = observer;
        interval = new Interval(config.validation().everySteps());
    }

    @Override
    public boolean isDue(long step, boolean isLast) {
        return interval.includes(step, isLast);
    }

    /** Adds nothing: the results go to the observer. */
    @Override
    public void act(StepEnd end, StepMetrics.Builder metrics) throws IOException {
        List<ProbeResult> results = new ArrayList<>();
        try (Tokenizer tokenizer = data.tokenizer()) {
            results.addAll(texts.run(end.model(), end.manager(), tokenizer, shares, end.stop()));
            if (tasks.isPresent()) {
                results.addAll(tasks.get().probe(end.model(), end.manager(), tokenizer, shares, end.stop()));
            }
        } catch (CancellationException e) {
            observer.note("step " + end.step() + ": the model was not probed to the end, for the run was asked to stop");
            return;
        } catch (InvalidInputException | IOException e) {
            observer.note("warning: step " + end.step() + ": the model could not be probed, training goes on: " + e.getMessage());
            return;
        }
        observer.probed(end.step(), results);
    }
}
