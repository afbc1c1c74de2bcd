package ai.spattention.eval.probe;

import java.util.Arrays;

/** A held-out text in memory. */
public final class TokenText implements HeldOutText {

    private final String name;
    private final long[] ids;
    private final int eosId;
    private final boolean documentMask;

    /**
     * Creates a text.
     *
     * @param name what people call it
     * @param ids its token ids
     * @param eosId the id that ends a document
     * @param documentMask whether attention stays within a document
     */
    public TokenText(String name, long[] ids, int eosId, boolean documentMask) {
        this.name = name;
        this.ids = ids.clone();
        this.eosId = eosId;
        this.documentMask = documentMask;
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
        return Math.max(0, (ids.length - 1) / length);
    }

    @Override
    public TokenWindow window(long index, int length) {
        int start = Math.toIntExact(index * length);
        long[] window = Arrays.copyOfRange(ids, start, start + length + 1);
        return documentMask ? TokenWindow.ofDocuments(window, eosId) : TokenWindow.of(window);
    }
}
