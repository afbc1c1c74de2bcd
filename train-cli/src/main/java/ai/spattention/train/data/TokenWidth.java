package ai.spattention.train.data;

import java.nio.ByteBuffer;

/** The integers in a shard: the narrowest that holds every id, as OLMo's trainer expects. */
public enum TokenWidth {
    /** Two bytes, ids below 65,536. */
    UINT16(2),
    /** Four bytes. */
    UINT32(4);

    private final int bytes;

    TokenWidth(int bytes) {
        this.bytes = bytes;
    }

    /**
     * The width for a vocabulary.
     *
     * @param vocabSize the number of ids
     * @return the narrowest width that holds vocabSize - 1
     */
    public static TokenWidth of(int vocabSize) {
        return vocabSize <= 1 << 16 ? UINT16 : UINT32;
    }

    /**
     * The size of an id.
     *
     * @return bytes
     */
    public int bytes() {
        return bytes;
    }

    void put(ByteBuffer into, int id) {
        if (this == UINT16) {
            into.putShort((short) id);
        } else {
            into.putInt(id);
        }
    }

    long get(ByteBuffer from) {
        return this == UINT16 ? from.getShort() & 0xFFFF : from.getInt() & 0xFFFFFFFFL;
    }
}
