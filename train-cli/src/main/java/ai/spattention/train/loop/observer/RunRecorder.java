package ai.spattention.train.loop.observer;

import ai.spattention.eval.probe.ProbeJson;
import ai.spattention.eval.probe.ProbeResult;
import ai.spattention.olmoe.io.Resources;
import ai.spattention.train.metrics.HeldOutLoss;
import ai.spattention.train.metrics.MetricsWriter;
import ai.spattention.train.metrics.SampleWriter;
import ai.spattention.train.metrics.StepMetrics;
import ai.spattention.train.metrics.TextSample;
import ai.spattention.train.terminal.ConsoleProgress;
import ai.spattention.train.terminal.TrainingProgress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Collectors;

/** Writes what happens in a run into its folder and shows it on standard error. */
public final class RunRecorder implements RunObserver, AutoCloseable {

    private final String name;
    private final Path metricsFile;
    private final Path samplesFile;
    private final Path probesFolder;

    private final Resources resources = new Resources();
    private MetricsWriter metricsWriter;
    private SampleWriter sampleWriter;
    private TrainingProgress progress;
    private OptionalDouble firstLoss = OptionalDouble.empty();
    private Map<String, HeldOutLoss> heldOut = Map.of();

    /**
     * Creates a recorder; it writes nothing before the run begins.
     *
     * @param name the run's name
     * @param metricsFile where the metrics go
     * @param samplesFile where samples of text go
     * @param probesFolder where the probes' results go, a file a step
     */
    public RunRecorder(String name, Path metricsFile, Path samplesFile, Path probesFolder) {
        this.name = name;
        this.metricsFile = metricsFile;
        this.samplesFile = samplesFile;
        this.probesFolder = probesFolder;
    }

    @Override
    public void started(long firstStep, long lastStep) throws IOException {
        metricsWriter = resources.add(MetricsWriter.resume(metricsFile, firstStep - 1, this::note));
        sampleWriter = resources.add(SampleWriter.resume(samplesFile, firstStep - 1, this::note));
        progress = resources.add(ConsoleProgress.start(name, firstStep - 1, lastStep));
    }

    @Override
    public boolean hasStep(long step) {
        return metricsWriter.lastStep() >= step;
    }

    @Override
    public void step(StepMetrics metrics) throws IOException {
        metricsWriter.write(metrics);
        if (metrics.step() == 1) {
            firstLoss = OptionalDouble.of(metrics.loss());
        }
        progress.step(metrics.step(), metrics.loss(), metrics.tokensPerSecond());
        if (!metrics.heldOut().isEmpty()) {
            heldOut = metrics.heldOut();
            note(String.format(Locale.ROOT, "step %d: validation loss %s (training loss %.3f)", metrics.step(),
                    heldOut.entrySet().stream().map(set -> shown(set.getKey(), set.getValue())).collect(Collectors.joining("; ")),
                    metrics.loss()));
        }
        if (!metrics.taskScores().isEmpty()) {
            note("step " + metrics.step() + ": " + scores(metrics.taskScores()));
        }
    }

    /** {@code 3.214}, {@code wikipedia 3.214, 1.352 bits a byte}. */
    private static String shown(String name, HeldOutLoss loss) {
        return (name.equals(HeldOutLoss.UNNAMED) ? "" : name + " ") + String.format(Locale.ROOT, "%.3f", loss.natsPerToken())
                + (loss.bitsPerByte().isEmpty() ? "" : String.format(Locale.ROOT, ", %.3f bits a byte", loss.bitsPerByte().getAsDouble()));
    }

    /** {@code piqa acc 0.500, acc_norm 0.525; boolq acc 0.610}. */
    private static String scores(Map<String, Map<String, Double>> tasks) {
        return tasks.entrySet().stream().map(task -> task.getKey() + " " + task.getValue().entrySet().stream()
                .map(metric -> String.format(Locale.ROOT, "%s %.3f", metric.getKey(), metric.getValue()))
                .collect(Collectors.joining(", "))).collect(Collectors.joining("; "));
    }

    @Override
    public void sampled(long step, String prompt, String text) throws IOException {
        if (sampleWriter.lastStep() < step) { // else it is told again after a kill
            sampleWriter.write(new TextSample(step, prompt, text));
        }
        note("step " + step + ", a sample:\n" + (prompt + text).indent(2).stripTrailing());
    }

    /** A step that is told again after a kill replaces what was written of it. */
    @Override
    public void probed(long step, List<ProbeResult> results) throws IOException {
        Path file = probesFolder.resolve(String.format(Locale.ROOT, "step-%08d.json", step));
        ProbeJson.write(file, results);
        note("step " + step + ": probes in " + file);
    }

    @Override
    public void note(String message) {
        if (progress == null) {
            System.err.println(message);
        } else {
            progress.note(message);
        }
    }

    /**
     * The loss of the run's first step.
     *
     * @return nats per token, empty before that step and for a run that was resumed after it
     */
    public OptionalDouble firstLoss() {
        return firstLoss;
    }

    /**
     * The last loss on each held-out set.
     *
     * @return the losses by the sets' names, empty if none was measured
     */
    public Map<String, HeldOutLoss> heldOut() {
        return heldOut;
    }

    @Override
    public void close() throws IOException {
        resources.close();
    }
}
