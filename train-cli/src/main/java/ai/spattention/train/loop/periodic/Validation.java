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
import ai.spattention.train.distributed.Collectives;
import ai.spattention.train.metrics.HeldOutLoss;
import ai.spattention.train.metrics.StepMetrics;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * The loss on each held-out set, over its first sequences in their order. Of several processes each measures its share of the batches; their
 * losses are added up in the batches' order, so that the sum is that of one process.
 */
public final class Validation implements Periodic {

    private record OpenSet(String name, TokenSequences sequences, OptionalDouble bytesPerToken) {}

    private final RunConfig config;
    private final PreparedData data;
    private final Collectives collectives;
    private final Interval interval;
    private final List<OpenSet> sets = new ArrayList<>();
    private final Resources resources = new Resources();

    private Validation(RunConfig config, PreparedData data, Collectives collectives) {
        this.config = config;
        this.data = data;
        this.collectives = collectives;
        interval = new Interval(config.validation().everySteps());
    }

    /**
     * Opens the sets.
     *
     * @param config the run's configuration
     * @param data its data
     * @param collectives the processes, which validate together
     * @return the validation, to be closed
     * @throws ai.spattention.common.InvalidInputException if a held-out set does not fit the run
     * @throws IOException if the data cannot be read
     */
    public static Validation open(RunConfig config, PreparedData data, Collectives collectives) throws IOException {
        Validation validation = new Validation(config, data, collectives);
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
        long count = Math.min(sequences.count(), config.validation().sequences());
        int size = config.training().microBatch();
        double[] nats = new double[Math.toIntExact((count + size - 1) / size)];
        for (int batch = collectives.rank(); batch < nats.length; batch += collectives.size()) {
            long first = (long) batch * size;
            nats[batch] = nats(BatchSource.inOrder(sequences, first, (int) Math.min(size, count - first)), model, manager);
        }
        double sum = 0;
        for (double ofBatch : collectives.sum(nats)) {
            sum += ofBatch;
        }
        return sum / (count * config.data().sequenceLength());
    }

    private double nats(TokenBatch batch, OlmoeModel model, NDManager manager) {
        CorpusLoss loss = new CorpusLoss(model, manager);
        loss.add(batch.size(), batch.length(), batch.inputs(), batch.targets(),
                config.data().documentMask() ? batch.documents(data.manifest().tokenizer().eosId()) : null);
        return loss.nats();
    }

    @Override
    public void close() throws IOException {
        resources.close();
    }
}
