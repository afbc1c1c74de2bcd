package ai.spattention.pattern;

import java.util.Arrays;

/** The keys that one query sees, as bytes, filled range by range rather than pair by pair. */
public final class MaskRow {

    private MaskRow() {}

    /**
     * Fills a row.
     *
     * @param mask what the head sees
     * @param query the query's position i
     * @param row gets 1 for each key that the query sees and 0 for the others; its length is N
     */
    public static void fill(HeadMask mask, int query, byte[] row) {
        Arrays.fill(row, (byte) 0);
        int keys = Math.min(query + 1, row.length);
        Arrays.fill(row, 0, Math.min(mask.prefixKeys(), keys), (byte) 1);
        for (Band band : mask.bands()) {
            int end = Math.min(keys, query - band.minDistance() + 1);
            int start = Math.max(0, query - band.maxDistance() + 1);
            if (start < end) {
                Arrays.fill(row, start, end, (byte) 1);
            }
        }
        KeyBlocks blocks = mask.blocks();
        if (!blocks.isEmpty()) {
            for (int block : blocks.of(query / blocks.size())) {
                int start = block * blocks.size();
                if (start < keys) {
                    Arrays.fill(row, start, (int) Math.min(keys, (long) start + blocks.size()), (byte) 1);
                }
            }
        }
        Stride stride = mask.stride();
        for (int residue : stride.residues()) {
            int last = (int) Math.max(0, (long) query - stride.maxDistance() + 1);
            for (int key = query - residue; key >= last; key -= stride.period()) {
                if (key < row.length) {
                    row[key] = 1;
                }
            }
        }
    }
}
