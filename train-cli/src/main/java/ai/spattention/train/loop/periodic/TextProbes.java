package ai.spattention.train.loop.periodic;

import ai.djl.ndarray.NDManager;
import ai.spattention.common.InvalidInputException;
import ai.spattention.eval.probe.ProbeName;
import ai.spattention.eval.probe.ProbeResult;
import ai.spattention.eval.probe.ProbeRun;
import ai.spattention.eval.probe.ProbedModel;
import ai.spattention.eval.probe.TrainingCounts;
import ai.spattention.eval.score.KeepingScorer;
import ai.spattention.olmoe.io.Resources;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.data.HeldOutSet;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.data.SplitText;
import ai.spattention.train.data.TokenCountsFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Probes a model in training on its held-out sets, each apart, as {@code eval} probes a saved one. The model is used where it is, in inference
 * mode, and nothing of the run's randomness is drawn.
 */
public final class TextProbes {

    private final RunConfig config;
    private final PreparedData data;
    private final Set<ProbeName> probes;
    private final TrainingCounts counts;

    private TextProbes(RunConfig config, PreparedData data, Set<ProbeName> probes, TrainingCounts counts) {
        this.config = config;
        this.data = data;
        this.probes = probes;
        this.counts = counts;
    }

    /**
     * Checks all that can be wrong but for the model, and counts the training tokens where probes need that.
     *
     * @param config the run's configuration
     * @param data its data
     * @param notes gets a line for each thing that a person should know
     * @return the probes; none of them may be of held-out text
     * @throws InvalidInputException if there is no held-out set, or a probe does not fit one
     * @throws IOException if the data cannot be read
     */
    public static TextProbes prepare(RunConfig config, PreparedData data, Consumer<String> notes) throws IOException {
        check(config, data);
        Set<ProbeName> probes = ofText(config);
        return new TextProbes(config, data, probes, ProbeRun.needsCounts(probes)
                ? TokenCountsFile.of(data, config.validation().probing().recallRarerThan(), notes) : null);
    }

    /**
     * Checks the same without counting.
     *
     * @param config the run's configuration
     * @param data its data
     * @throws InvalidInputException as {@link #prepare}
     * @throws IOException if the data cannot be read
     */
    public static void check(RunConfig config, PreparedData data) throws IOException {
        Set<ProbeName> probes = ofText(config);
        if (probes.isEmpty()) {
            return;
        }
        try (Resources open = new Resources()) {
            for (SplitText text : texts(config, data, open)) {
                ProbeRun.check(probes, config.validation().probing(), text, config.data().sequenceLength());
            }
        } catch (InvalidInputException e) {
            throw new InvalidInputException("validation.probes: " + e.getMessage(), e);
        }
    }

    private static Set<ProbeName> ofText(RunConfig config) {
        Set<ProbeName> probes = EnumSet.noneOf(ProbeName.class);
        probes.addAll(config.validation().probeNames());
        probes.remove(ProbeName.TASKS);
        return probes;
    }

    /** The held-out texts, each of which is probed apart. */
    private static List<SplitText> texts(RunConfig config, PreparedData data, Resources open) throws IOException {
        List<SplitText> texts = new ArrayList<>();
        for (HeldOutSet set : HeldOutSet.measured(data, config.data().validationPath().byName(), config.data().sequenceLength())) {
            texts.add(open.add(SplitText.open(set.name(), set.data(), set.split(), config.data().documentMask())));
        }
        if (texts.isEmpty()) {
            throw new InvalidInputException("the data has no held-out text of " + config.data().sequenceLength() + " tokens and the token"
                    + " after it to probe: prepare with --validation INPUT or a larger --validation-fraction, or set data.validation_path");
        }
        return texts;
    }

    /**
     * Probes the model, in batches of as many tokens as a micro-batch has.
     *
     * @param model the model
     * @param manager a manager on its device; arrays live in managers below it, until this method returns
     * @param tokenizer the model's tokenizer
     * @param shares over which processes batches are shared out; all call this
     * @param stop asked before every batch whether to end the probing
     * @return the results
     * @throws CancellationException if it was asked to end
     * @throws InvalidInputException if the model gives no numbers, or the data changed meanwhile
     * @throws IOException if reading fails
     */
    public List<ProbeResult> run(OlmoeModel model, NDManager manager, Tokenizer tokenizer, Shares shares, BooleanSupplier stop)
            throws IOException {
        if (probes.isEmpty()) {
            return List.of();
        }
        int length = config.data().sequenceLength();
        try (NDManager scope = manager.newSubManager(); Resources open = new Resources()) {
            LayoutLength layout = config.validation().layout().of(model.getConfig());
            ProbedModel probed = ProbedModel.of(model, scope).withLayoutLength(layout).watched(losses -> shares.losses(windows -> {
                if (stop.getAsBoolean()) {
                    throw new CancellationException("probing was stopped");
                }
                return losses.of(windows);
            }));
            ProbeRun run = new ProbeRun(probed, config.validation().probing(), tokenizer, counts,
                    (long) config.training().microBatch() * length, KeepingScorer.Progress.NONE);
            return shares.measure(() -> {
                List<ProbeResult> results = new ArrayList<>();
                for (SplitText text : texts(config, data, open)) {
                    results.addAll(run.run(probes, text, length, config.validation().sequences()));
                }
                return results;
            });
        }
    }
}
