package ai.spattention.train.loop.periodic;

import ai.spattention.olmoe.generate.Sampling;
import ai.spattention.olmoe.generate.TextGenerator;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.config.SampleConfig;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.distributed.CollectiveException;
import ai.spattention.train.loop.observer.RunObserver;
import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.CancellationException;

/** Samples text from the model. A text that cannot be drawn is no reason to lose a run. */
public final class TextSampling implements Periodic {

    private final SampleConfig sample;
    private final long seed;
    private final PreparedData data;
    private final Interval interval;
    private final RunObserver observer;

    /**
     * Creates the sampling.
     *
     * @param config the run's configuration, which asks for text
     * @param data the run's data, which has the tokenizer
     * @param observer is told the text
     */
    public TextSampling(RunConfig config, PreparedData data, RunObserver observer) {
        this.data = data;
        this.observer = observer;
        sample = config.sample();
        seed = config.seed();
        interval = new Interval(sample.everySteps());
    }

    @Override
    public boolean isDue(long step, boolean isLast) {
        return interval.includes(step, isLast);
    }

    /** Adds nothing: the text goes to the observer. After each token it asks whether to stop. */
    @Override
    public void act(StepEnd end, StepMetrics.Builder metrics) throws IOException {
        String text;
        try (Tokenizer tokenizer = data.tokenizer()) {
            long[] prompt = Arrays.stream(tokenizer.encode(sample.prompt())).asLongStream().toArray();
            long[] generated = TextGenerator.builder().setModel(end.model(), end.manager())
                    .optSampling(new Sampling(sample.temperature(), sample.topK(), sample.topP(), seed))
                    .optMaxNewTokens(sample.tokens()).build().generate(token -> {
                        if (end.stop().getAsBoolean()) {
                            throw new CancellationException("sampling was stopped");
                        }
                    }, prompt);
            text = tokenizer.decode(Arrays.stream(generated).mapToInt(Math::toIntExact).toArray());
        } catch (CancellationException e) {
            observer.note("step " + end.step() + ": no text was sampled to the end, for the run was asked to stop");
            return;
        } catch (CollectiveException e) { // of processes that wait meanwhile
            throw e;
        } catch (RuntimeException e) {
            observer.note("warning: step " + end.step() + ": no text could be sampled, the run goes on: " + e.getMessage());
            return;
        }
        observer.sampled(end.step(), sample.prompt(), text);
    }
}
