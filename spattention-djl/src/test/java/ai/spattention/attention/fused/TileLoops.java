package ai.spattention.attention.fused;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The tiles that the fused kernel walks, by the formulas of {@code band_tiles.py}, in plain Java: a test shows with it that
 * every pair that a head sees is computed once and no other, and {@code docs/kernel.md} tells why.
 *
 * @param row the head's row of a {@link HeadTable}
 * @param queryLength N
 * @param keyLength M
 * @param documents each position's document; null for one document
 */
record TileLoops(int[] row, int queryLength, int keyLength, long[] documents) {

    /**
     * A tile, and which pairs of it are seen: those at distances near..far, and, unless the tile belongs to a range, only those
     * that no range holds and whose key is or is not one of the prefix, as the tile says. In a mixed tile there may be pairs of
     * two documents.
     */
    record Tile(int firstQuery, int queries, int firstKey, int keys, int near, int far, boolean inRange, boolean inPrefix,
            boolean mixed) {

        /** Whether the kernel looks at the pairs one by one; it takes all of the others. */
        boolean needsMask() {
            return firstQuery - (firstKey + keys - 1) < near || firstQuery + queries - 1 - firstKey > far || !inRange
                    || mixed;
        }
    }

    private static int count(int first, int last, int size) {
        return Math.max(last - first + size, 0) / size;
    }

    /** Where the run of equal numbers that holds a position begins, or one past its end. */
    private int run(int position, boolean end) {
        if (documents == null) {
            return end ? keyLength : 0;
        }
        int at = position;
        if (end) {
            while (at < keyLength && documents[at] == documents[position]) {
                at++;
            }
            return at;
        }
        while (at > 0 && documents[at - 1] == documents[position]) {
            at--;
        }
        return at;
    }

    /** A bound of all positions of a document: of its run where numbers never fall, else of the sequence. */
    private int bound(int position, boolean end) {
        boolean ordered = documents != null && IntStream.range(1, keyLength).allMatch(i -> documents[i - 1] <= documents[i]);
        return ordered ? run(position, end) : end ? keyLength : 0;
    }

    /** The key tiles of the query tile at a row (forward and dQ). Queries and keys are counted as positions. */
    List<Tile> keyTiles(int firstRow, int size) {
        int position = firstRow + keyLength - queryLength;
        int last = Math.min(position + size, keyLength) - 1;
        int oldest = bound(position, false);
        int run = run(last, false);
        List<Tile> tiles = new ArrayList<>();
        for (int range = 1; range >= 0; range--) {
            int near = row[2 * range];
            int far = row[2 * range + 1];
            int low = Math.max(position - far, oldest);
            for (int t = 0; t < count(low, last - near, size); t++) {
                int key = low + t * size;
                tiles.add(new Tile(position, size, key, size, near, far, true, false, key < run));
            }
        }
        for (int t = 0; t < count(oldest, Math.min(row[4] - 1, last), size); t++) {
            tiles.add(new Tile(position, size, oldest + t * size, size, 0, 1 << 30, false, true, true));
        }
        for (int multiple = row[6]; multiple <= (last - oldest) / row[5]; multiple++) {
            int distance = multiple * row[5];
            tiles.add(new Tile(position, size, position - distance, size, distance, distance, false, false, true));
        }
        return tiles;
    }

    /** The query tiles of a tile of keys (dK and dV); those of ranges and prefix begin at multiples of a number of rows. */
    List<Tile> queryTiles(int firstKey, int keys, int size, int unit) {
        int last = Math.min(firstKey + keys, keyLength) - 1;
        int offset = keyLength - queryLength;
        int newest = bound(last, true) - 1;
        int runEnd = run(firstKey, true);
        List<Tile> tiles = new ArrayList<>();
        for (int range = 0; range < 2; range++) {
            int near = row[2 * range];
            int far = row[2 * range + 1];
            int low = Math.max(firstKey + near - offset, 0) / unit * unit;
            for (int t = 0; t < count(low, Math.min(last + far, newest) - offset, size); t++) {
                int query = low + t * size + offset;
                tiles.add(new Tile(query, size, firstKey, keys, near, far, true, false, query + size > runEnd));
            }
        }
        int low = Math.max(firstKey - offset, 0) / unit * unit;
        for (int t = 0; firstKey < row[4] && t < count(low, newest - offset, size); t++) {
            tiles.add(new Tile(low + t * size + offset, size, firstKey, keys, 0, 1 << 30, false, true, true));
        }
        for (int multiple = row[6]; multiple <= (newest - firstKey) / row[5]; multiple++) {
            int distance = multiple * row[5];
            tiles.add(new Tile(firstKey + distance, size, firstKey, keys, distance, distance, false, false, true));
        }
        return tiles;
    }

    /** How many programs add to the sums of a tile of queries before the one of a tile of keys, by the formula of {@code joint_backward.py}. */
    int turn(Tile tile) {
        int near = row[0] / tile.queries * tile.queries;
        return Math.min((tile.firstQuery - near) / tile.keys, (keyLength - 1) / tile.keys) - tile.firstKey / tile.keys;
    }

    /** Whether a tile computes a pair of positions, by the mask of the kernel. */
    boolean computes(Tile tile, int query, int key) {
        if (!tile.needsMask()) {
            return true;
        }
        int distance = query - key;
        boolean elsewhere = distance >= row[0] && distance <= row[1] || distance >= row[2] && distance <= row[3]
                || key < row[4] != tile.inPrefix;
        boolean together = documents == null || key >= 0 && key < keyLength && documents[query] == documents[key];
        return distance >= tile.near && distance <= tile.far && (tile.inRange || !elsewhere) && together;
    }
}
