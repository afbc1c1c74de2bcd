package ai.spattention.train.data;

import ai.spattention.eval.probe.HeldOutText;
import ai.spattention.eval.probe.TokenWindow;
import java.io.Closeable;
import java.io.IOException;

/** A split of prepared data as a text to probe, read window by window. */
public final class SplitText implements HeldOutText, Closeable {

    private final String name;
    private final TokenSequences tokens;
    private final int eosId;
    private final boolean documentMask;

    private SplitText(String name, TokenSequences tokens, int eosId, boolean documentMask) {
        this.name = name;
        this.tokens = tokens;
        this.eosId = eosId;
        this.documentMask = documentMask;
    }

    /**
     * Opens a split.
     *
     * @param name what people call it
     * @param data the data
     * @param split the split
     * @param documentMask whether attention stays within a document where several share a window
     * @return the text
     * @throws ai.spattention.common.InvalidInputException if the split holds fewer than two tokens
     * @throws IOException if a shard cannot be opened
     */
    public static SplitText open(String name, PreparedData data, Split split, boolean documentMask) throws IOException {
        return new SplitText(name, data.sequences(split, 1), data.manifest().tokenizer().eosId(), documentMask);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int eosId() {
        return eosId;
    }

    @Override
    public long count(int length) {
        return tokens.count() / length;
    }

    @Override
    public TokenWindow window(long index, int length) throws IOException {
        long[] ids = tokens.readTokens(Math.multiplyExact(index, (long) length), length + 1);
        return documentMask ? TokenWindow.ofDocuments(ids, eosId) : TokenWindow.of(ids);
    }

    @Override
    public void close() throws IOException {
        tokens.close();
    }
}
