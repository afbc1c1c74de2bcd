package ai.spattention.kernel;

import java.util.ArrayList;
import java.util.List;

/**
 * The tiles that the fused kernel walks, by the formulas of {@code banded_attention.py}, in plain Java: a test shows with it that
 * every pair that a head sees is computed once and no other, and {@code docs/kernel.md} tells why.
 *
 * @param row the head's row of a {@link HeadTable}
 * @param queryLength N
 * @param keyLength M
 */
record TileLoops(int[] row, int queryLength, int keyLength) {

    /**
     * A tile, and which pairs of it are seen: those at distances near..far, and, unless the tile belongs to a range, only those
     * that no range holds and whose key is or is not one of the prefix, as the tile says.
     */
    record Tile(int firstQuery, int queries, int firstKey, int keys, int near, int far, boolean inRange, boolean inPrefix) {

        /** Whether the kernel looks at the pairs one by one; it takes all of the others. */
        boolean needsMask() {
            return firstQuery - (firstKey + keys - 1) < near || firstQuery + queries - 1 - firstKey > far || !inRange;
        }
    }

    private static int count(int first, int last, int size) {
        return Math.max(last - first + size, 0) / size;
    }

    /** The key tiles of the query tile at a row (forward and dQ). Queries and keys are counted as positions. */
    List<Tile> keyTiles(int firstRow, int size) {
        int position = firstRow + keyLength - queryLength;
        int last = Math.min(position + size, keyLength) - 1;
        List<Tile> tiles = new ArrayList<>();
        for (int range = 1; range >= 0; range--) {
            int near = row[2 * range];
            int far = row[2 * range + 1];
            int low = Math.max(position - far, 0);
            for (int t = 0; t < count(low, last - near, size); t++) {
                tiles.add(new Tile(position, size, low + t * size, size, near, far, true, false));
            }
        }
        for (int t = 0; t < count(0, Math.min(row[4] - 1, last), size); t++) {
            tiles.add(new Tile(position, size, t * size, size, 0, 1 << 30, false, true));
        }
        for (int multiple = row[6]; multiple <= last / row[5]; multiple++) {
            int distance = multiple * row[5];
            tiles.add(new Tile(position, size, position - distance, size, distance, distance, false, false));
        }
        return tiles;
    }

    /** The query tiles of the key tile at a position (dK and dV). */
    List<Tile> queryTiles(int firstKey, int size) {
        int last = Math.min(firstKey + size, keyLength) - 1;
        int offset = keyLength - queryLength;
        List<Tile> tiles = new ArrayList<>();
        for (int range = 0; range < 2; range++) {
            int near = row[2 * range];
            int far = row[2 * range + 1];
            int low = Math.max(firstKey + near - offset, 0) / 4 * 4;
            for (int t = 0; t < count(low, Math.min(last + far, keyLength - 1) - offset, size); t++) {
                tiles.add(new Tile(low + t * size + offset, size, firstKey, size, near, far, true, false));
            }
        }
        int low = Math.max(firstKey - offset, 0) / 4 * 4;
        for (int t = 0; firstKey < row[4] && t < count(low, queryLength - 1, size); t++) {
            tiles.add(new Tile(low + t * size + offset, size, firstKey, size, 0, 1 << 30, false, true));
        }
        for (int multiple = row[6]; multiple <= (keyLength - 1 - firstKey) / row[5]; multiple++) {
            int distance = multiple * row[5];
            tiles.add(new Tile(firstKey + distance, size, firstKey, size, distance, distance, false, false));
        }
        return tiles;
    }

    /** Whether a tile computes a pair of positions, by the mask of the kernel. */
    boolean computes(Tile tile, int query, int key) {
        if (!tile.needsMask()) {
            return true;
        }
        int distance = query - key;
        boolean elsewhere = distance >= row[0] && distance <= row[1] || distance >= row[2] && distance <= row[3]
                || key < row[4] != tile.inPrefix;
        return distance >= tile.near && distance <= tile.far && (tile.inRange || !elsewhere);
    }
}
