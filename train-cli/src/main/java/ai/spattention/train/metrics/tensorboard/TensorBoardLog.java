package ai.spattention.train.metrics.tensorboard;

import ai.spattention.train.loop.observer.RunObserver;
import ai.spattention.train.metrics.ExpertLoad;
import ai.spattention.train.metrics.HeldOutLoss;
import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Locale;

/**
 * Writes a run for TensorBoard: curves at every step, the experts' load at up to {@value #HISTOGRAMS} steps and the last, and samples of
 * text. A resumed run starts a new file, which replaces what the earlier ones hold of its steps.
 */
public final class TensorBoardLog implements RunObserver, AutoCloseable {

    /** As many as TensorBoard keeps of a tag; more would only make large files. */
    private static final int HISTOGRAMS = 500;

    private final Path folder;
    private final Clock clock;
    private EventWriter writer;
    private long lastStep;
    private long histogramInterval;

    /**
     * Creates a log; it writes nothing before the run begins.
     *
     * @param folder the folder of the event files; created when the run begins
     */
    public TensorBoardLog(Path folder) {
        this(folder, Clock.systemUTC());
    }

    TensorBoardLog(Path folder, Clock clock) {
        this.folder = folder;
        this.clock = clock;
    }

    @Override
    public void started(long firstStep, long last) throws IOException {
        writer = EventWriter.start(folder, firstStep, clock);
        lastStep = last;
        histogramInterval = (last + HISTOGRAMS - 1) / HISTOGRAMS;
    }

    @Override
    public void step(StepMetrics metrics) throws IOException {
        Summary summary = new Summary()
                .scalar("loss/train", metrics.loss())
                .scalar("loss/load_balancing", metrics.lossAux())
                .scalar("loss/router_z", metrics.lossZ())
                .scalar("optimizer/learning_rate", metrics.learningRate())
                .scalar("optimizer/gradient_norm", metrics.gradientNorm())
                .scalar("progress/tokens", metrics.tokens())
                .scalar("progress/tokens_per_second", metrics.tokensPerSecond());
        metrics.heldOut().forEach((name, loss) -> addHeldOut(summary, name, loss));
        metrics.taskScores().forEach((task, scores) ->
                scores.forEach((metric, value) -> summary.scalar("tasks/" + task + "/" + metric, value)));
        metrics.utilisation().ifPresent(part -> summary.scalar("progress/model_flop_utilisation", part));
        metrics.memoryMb().ifPresent(memory -> summary.scalar("progress/memory_mb", memory));
        metrics.gpuMemoryMb().ifPresent(memory -> summary.scalar("progress/gpu_memory_mb", memory));
        metrics.slowestSeconds().ifPresent(seconds -> summary.scalar("progress/step_seconds_slowest", seconds));
        metrics.medianSeconds().ifPresent(seconds -> summary.scalar("progress/step_seconds_median", seconds));
        metrics.checkpointSeconds().ifPresent(seconds -> summary.scalar("progress/checkpoint_seconds", seconds));
        if (!metrics.expertLoad().isEmpty()) {
            summary.scalar("experts/evenness",
                    metrics.expertLoad().stream().mapToDouble(ExpertLoad::evenness).average().orElseThrow());
            if (metrics.step() % histogramInterval == 0 || metrics.step() == lastStep) {
                addLoad(summary, metrics.expertLoad());
            }
        }
        writer.write(metrics.step(), summary);
    }

    /** The set without a name is drawn beside the training loss, as before there were other sets. */
    private static void addHeldOut(Summary summary, String name, HeldOutLoss loss) {
        boolean isNamed = !name.equals(HeldOutLoss.UNNAMED);
        summary.scalar(isNamed ? "validation/" + name + "/loss" : "loss/validation", loss.natsPerToken());
        loss.bitsPerByte().ifPresent(bits ->
                summary.scalar("validation/" + (isNamed ? name + "/" : "") + "bits_per_byte", bits));
    }

    /** A bar for each expert: the percentage of the layer's tokens that it got. */
    private static void addLoad(Summary summary, List<List<Double>> layers) {
        for (int layer = 0; layer < layers.size(); layer++) {
            summary.bars(String.format(Locale.ROOT, "experts/load_layer_%02d", layer),
                    layers.get(layer).stream().mapToDouble(share -> 100 * share).toArray());
        }
    }

    /** Four spaces make Markdown show a line as it is. */
    @Override
    public void sampled(long step, String prompt, String text) throws IOException {
        writer.write(step, new Summary().text("sample", (prompt + text).indent(4)));
    }

    @Override
    public void close() throws IOException {
        if (writer != null) {
            writer.close();
        }
    }
}
