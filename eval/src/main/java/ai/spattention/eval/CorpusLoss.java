package ai.spattention.eval;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.spattention.olmoe.loss.HeadLoss;
import ai.spattention.olmoe.loss.LanguageModelLoss;
import ai.spattention.olmoe.model.OlmoeModel;

/**
 * The mean loss of a model over a text that comes in batches of token ids. Logits exist for a slice of a batch at a time, as in
 * training ({@link HeadLoss}).
 */
public final class CorpusLoss {

    private final OlmoeModel model;
    private final NDManager manager;
    private final long sliceTokens;
    private double nats;
    private long tokens;

    /**
     * Starts a measurement.
     *
     * @param model the model, initialised
     * @param manager a manager on the model's device; batches live in managers below it
     */
    public CorpusLoss(OlmoeModel model, NDManager manager) {
        this(model, manager, Math.max(1, HeadLoss.LOGITS_OF_A_SLICE / model.getConfig().vocabSize()));
    }

    CorpusLoss(OlmoeModel model, NDManager manager, long sliceTokens) {
        this.model = model;
        this.manager = manager;
        this.sliceTokens = sliceTokens;
    }

    /**
     * Adds a batch whose sequences are documents of their own, or where attention may cross from one to the next.
     *
     * @param size B, the number of sequences
     * @param length N, the tokens of a sequence
     * @param inputs B · N token ids, row by row
     * @param targets for each input the id that follows it
     */
    public void add(int size, int length, long[] inputs, long[] targets) {
        add(size, length, inputs, targets, null);
    }

    /**
     * Adds a batch.
     *
     * @param size B, the number of sequences
     * @param length N, the tokens of a sequence
     * @param inputs B · N token ids, row by row
     * @param targets for each input the id that follows it
     * @param documents for each input its document, where attention stays within it; null where it does not
     */
    public void add(int size, int length, long[] inputs, long[] targets, long[] documents) {
        try (NDManager scope = manager.newSubManager()) {
            Shape shape = new Shape(size, length);
            NDList data = new NDList(scope.create(inputs, shape));
            if (documents != null) {
                data.add(scope.create(documents, shape));
            }
            ParameterStore store = new ParameterStore(scope, false);
            NDArray states = model.hiddenStates(store, data);
            NDArray rows = states.reshape(1, targets.length, states.getShape().get(2));
            NDArray next = scope.create(targets, new Shape(1, targets.length));
            for (long first = 0; first < targets.length; first += sliceTokens) {
                try (NDManager slice = scope.newSubManager()) {
                    slice.tempAttachAll(rows, next);
                    NDIndex tokens = new NDIndex(":, {}:{}", first, Math.min(first + sliceTokens, targets.length));
                    NDArray wanted = next.get(tokens);
                    NDArray logits = model.logits(store, rows.get(tokens));
                    nats += LanguageModelLoss.ofTargets(logits, wanted).getFloat() * (double) wanted.size();
                }
            }
            tokens += targets.length;
        }
    }

    /**
     * The number of tokens predicted so far.
     *
     * @return tokens
     */
    public long tokens() {
        return tokens;
    }

    /**
     * The negative log-likelihood of all tokens so far.
     *
     * @return nats
     */
    public double nats() {
        return nats;
    }

    /**
     * The mean negative log-likelihood of a token.
     *
     * @return nats per token; NaN before the first batch
     */
    public double mean() {
        return nats / tokens;
    }

    /**
     * The perplexity of a token.
     *
     * @return exp of the mean
     */
    public double perplexity() {
        return Math.exp(mean());
    }
}
