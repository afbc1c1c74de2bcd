package ai.spattention.eval.probe;

import ai.spattention.olmoe.loss.LanguageModelLoss;
import java.util.Arrays;

/** A stretch of text as a model reads it: N tokens, and for each the token that follows. */
public final class TokenWindow {

    private final long[] inputs;
    private final long[] targets;
    private final long[] documents;

    private TokenWindow(long[] inputs, long[] targets, long[] documents) {
        this.inputs = inputs;
        this.targets = targets;
        this.documents = documents;
    }

    /**
     * A window in which attention crosses the boundaries of documents.
     *
     * @param ids N + 1 token ids
     * @return the window
     */
    public static TokenWindow of(long[] ids) {
        return new TokenWindow(Arrays.copyOf(ids, ids.length - 1), Arrays.copyOfRange(ids, 1, ids.length), null);
    }

    /**
     * A window in which attention stays within a document.
     *
     * @param ids N + 1 token ids
     * @param eosId the id that ends a document and belongs to it
     * @return the window
     */
    public static TokenWindow ofDocuments(long[] ids, int eosId) {
        long[] documents = new long[ids.length - 1];
        for (int i = 1; i < documents.length; i++) {
            documents[i] = documents[i - 1] + (ids[i - 1] == eosId ? 1 : 0);
        }
        return new TokenWindow(Arrays.copyOf(ids, ids.length - 1), Arrays.copyOfRange(ids, 1, ids.length), documents);
    }

    /**
     * The same window of which only some predictions are wanted.
     *
     * @param ranges pairs of the first position wanted and the one after the last
     * @return the window, its other targets {@link LanguageModelLoss#NO_TARGET}
     */
    public TokenWindow only(int[]... ranges) {
        long[] wanted = new long[targets.length];
        Arrays.fill(wanted, LanguageModelLoss.NO_TARGET);
        for (int[] range : ranges) {
            System.arraycopy(targets, range[0], wanted, range[0], range[1] - range[0]);
        }
        return new TokenWindow(inputs, wanted, documents);
    }

    /**
     * The number of tokens that the model reads.
     *
     * @return N
     */
    public int length() {
        return inputs.length;
    }

    /**
     * The token at a position.
     *
     * @param position in [0, N)
     * @return its id
     */
    public long input(int position) {
        return inputs[position];
    }

    /**
     * The token that follows a position.
     *
     * @param position in [0, N)
     * @return its id; {@link LanguageModelLoss#NO_TARGET} if its prediction is not wanted
     */
    public long target(int position) {
        return targets[position];
    }

    /**
     * Whether the model sees one position from another.
     *
     * @param one a position
     * @param other a position
     * @return false if attention stays within documents and they lie in two
     */
    public boolean isOneDocument(int one, int other) {
        return documents == null || documents[one] == documents[other];
    }

    /**
     * Whether attention stays within documents.
     *
     * @return whether positions have documents
     */
    public boolean hasDocuments() {
        return documents != null;
    }

    long[] inputs() {
        return inputs;
    }

    long[] targets() {
        return targets;
    }

    long[] documents() {
        return documents;
    }
}
