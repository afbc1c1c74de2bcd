package ai.spattention.eval;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.spattention.olmoe.loss.LanguageModelLoss;
import ai.spattention.olmoe.model.OlmoeModel;

/** The mean loss of a model over a text that comes in batches of token ids. */
public final class CorpusLoss {

    private final OlmoeModel model;
    private final NDManager manager;
    private double nats;
    private long tokens;

    /**
     * Starts a measurement.
     *
     * @param model the model, initialised
     * @param manager a manager on the model's device; batches live in managers below it
     */
    public CorpusLoss(OlmoeModel model, NDManager manager) {
        this.model = model;
        this.manager = manager;
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
            NDArray ids = scope.create(inputs, new Shape(size, length));
            NDArray next = scope.create(targets, new Shape(size, length));
            ParameterStore store = new ParameterStore(scope, false);
            NDArray logits = (documents == null ? model.forward(store, ids, false)
                    : model.forward(store, ids, scope.create(documents, ids.getShape()), false)).logits();
            nats += LanguageModelLoss.ofTargets(logits, next).getFloat() * (double) targets.length;
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
