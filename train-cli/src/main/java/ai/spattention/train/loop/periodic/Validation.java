package ai.spattention.train.loop.periodic;

import ai.djl.ndarray.NDManager;
import ai.spattention.eval.CorpusLoss;
import ai.spattention.olmoe.io.Resources;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.train.config.RunConfig;
import ai.spattention.train.data.BatchSource;
import ai.spattention.train.data.HeldOutSet;
import ai.spattention.train.data.PreparedData;
import ai.spattention.train.data.Split;
import ai.spattention.train.data.TokenBatch;
import ai.spattention.train.data.TokenSequences;
import ai.spattention.train.metrics.HeldOutLoss;
import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** The loss on each held-out set, over its first sequences in their order. */
public final class Validation implements Periodic {

    private record OpenSet(String name, TokenSequences sequences, OptionalDouble bytesPerToken) {}

    private final RunConfig config;
    private final PreparedData data;
    private final Interval interval;
    private final List<OpenSet> sets = new ArrayList<>();
    private final Resources resources = new Resources();

    private Validation(RunConfig config, PreparedData data) {
        this.config = config;
        this.data = data;
        interval = new Interval(config.validation().everySteps());
    }

    /**
     * Opens the sets.
     *
     * @param config the run's configuration
     * @param data its data
     * @return the validation, to be closed
     * @throws ai.spattention.common.InvalidInputException if a held-out set does not fit the run
     * @throws IOException if the data cannot be read
     */
    public static Validation open(RunConfig config, PreparedData data) throws IOException {
        Validation validation = new Validation(config, data);
        try {
            for (HeldOutSet set : HeldOutSet.measured(data, config.data().validationPath().byName(), config.data().sequenceLength())) {
                validation.sets.add(new OpenSet(set.name(),
                        validation.resources.add(set.sequences(config.data().sequenceLength())),
                        set.data().manifest().bytesPerToken(set.split())));
            }
            return validation;
        } catch (Throwable e) {
            validation.resources.closeAfter(e);
            throw e;
        }
    }

    /**
     * What a person should know before the run.
     *
     * @return a line each
     */
    public List<String> notes() {
        List<String> notes = new ArrayList<>();
        if (config.data().validationPath().byName().isEmpty()) {
            for (Split split : data.manifest().heldOut()) {
                if (!split.equals(Split.VALIDATION) && sets.stream().noneMatch(set -> set.name().equals(split.name()))) {
                    notes.add("the held-out set '" + split.name() + "' will not be measured: it holds " + data.manifest().tokens(split)
                            + " tokens, less than one sequence and the token after it");
                }
            }
        }
        if (sets.isEmpty()) {
            notes.add("there will be no validation loss: the data's validation split holds " + data.manifest().tokens(Split.VALIDATION)
                    + " tokens, less than one sequence and the token after it; prepare with --validation INPUT or a larger"
                    + " --validation-fraction, or set data.validation_path");
        }
        return notes;
    }

    /** Never where no set is as long as a sequence. */
    @Override
    public boolean isDue(long step, boolean isLast) {
        return !sets.isEmpty() && interval.includes(step, isLast);
    }

    /** Adds the loss on each set, by its name. */
    @Override
    public void act(StepEnd end, StepMetrics.Builder metrics) throws IOException {
        OlmoeModel model = end.model().withLayoutLength(config.validation().layout().of(end.model().getConfig()));
        Map<String, HeldOutLoss> losses = new LinkedHashMap<>();
        for (OpenSet set : sets) {
            losses.put(set.name(), HeldOutLoss.of(loss(set.sequences(), model, end.manager()), set.bytesPerToken()));
        }
        metrics.optHeldOut(losses);
    }

    private double loss(TokenSequences sequences, OlmoeModel model, NDManager manager) throws IOException {
        int eosId = data.manifest().tokenizer().eosId();
        CorpusLoss loss = new CorpusLoss(model, manager);
        long count = Math.min(sequences.count(), config.validation().sequences());
        for (long first = 0; first < count; first += config.training().microBatch()) {
            TokenBatch batch = BatchSource.inOrder(sequences, first, (int) Math.min(config.training().microBatch(), count - first));
            loss.add(batch.size(), batch.length(), batch.inputs(), batch.targets(),
                    config.data().documentMask() ? batch.documents(eosId) : null);
        }
        return loss.mean();
    }

    @Override
    public void close() throws IOException {
        resources.close();
    }
}
