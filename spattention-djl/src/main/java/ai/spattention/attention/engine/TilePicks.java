package ai.spattention.attention.engine;

import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.KeyBlocks;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The blocks of keys that tiles of queries need for what their head sees by {@link KeyBlocks}, tile by tile, in integers only. All tiles
 * have as many; those that need fewer name one of which they see nothing.
 *
 * @param blocks C, the number of blocks of each tile; 0 if none needs any
 * @param index tiles × C numbers, tile by tile: the blocks of keys, counted from the first key
 * @param mask tiles × T × (C · T) bytes, row by row: 1 where a pair is seen by its blocks and neither by its distance nor by the prefix
 * @param counts how many blocks each tile needs
 */
record TilePicks(int blocks, int[] index, byte[] mask, int[] counts) {

    /**
     * Picks blocks.
     *
     * @param mask what the head sees
     * @param firstTile the tile of the first query, in blocks from the first key
     * @param lastTile the tile of the last
     * @param keyLength M
     * @param tileSize T
     * @return the blocks
     */
    static TilePicks of(HeadMask mask, int firstTile, int lastTile, int keyLength, int tileSize) {
        int tiles = lastTile - firstTile + 1;
        if (mask.blocks().isEmpty()) {
            return new TilePicks(0, new int[0], new byte[0], new int[tiles]);
        }
        List<Map<Integer, byte[]>> seen = new ArrayList<>();
        for (int tile = firstTile; tile <= lastTile; tile++) {
            seen.add(ofTile(mask, tile * tileSize, keyLength, tileSize));
        }
        int[] counts = seen.stream().mapToInt(Map::size).toArray();
        int most = seen.stream().mapToInt(Map::size).max().orElseThrow();
        int[] index = new int[tiles * most];
        byte[] all = new byte[maskSize(tiles, most, tileSize)];
        for (int tile = 0; tile < tiles; tile++) {
            int place = 0;
            for (Map.Entry<Integer, byte[]> block : seen.get(tile).entrySet()) {
                index[tile * most + place] = block.getKey();
                for (int row = 0; row < tileSize; row++) {
                    System.arraycopy(block.getValue(), row * tileSize, all, ((tile * tileSize + row) * most + place) * tileSize, tileSize);
                }
                place++;
            }
        }
        return new TilePicks(most, index, all, counts);
    }

    /** The blocks of keys that a tile needs, each with T × T bytes. */
    private static Map<Integer, byte[]> ofTile(HeadMask mask, int firstQuery, int keyLength, int tileSize) {
        Map<Integer, byte[]> seen = new TreeMap<>();
        KeyBlocks blocks = mask.blocks();
        int[] ofQuery = {};
        for (int row = 0; row < tileSize && firstQuery + row < keyLength; row++) {
            int query = firstQuery + row;
            if (row == 0 || query % blocks.size() == 0) {
                ofQuery = blocks.of(query / blocks.size());
            }
            for (int block : ofQuery) {
                int start = block * blocks.size();
                for (int key = Math.max(start, mask.prefixKeys()); key <= query && key - start < blocks.size(); key++) {
                    if (!mask.seesDistance(query - key)) {
                        seen.computeIfAbsent(key / tileSize, which -> new byte[tileSize * tileSize])[row * tileSize + key % tileSize] = 1;
                    }
                }
            }
        }
        return seen;
    }

    private static int maskSize(int tiles, int blocks, int tileSize) {
        long size = (long) tiles * tileSize * tileSize;
        if (blocks > 0 && size > Integer.MAX_VALUE / blocks) {
            throw new InvalidInputException("blocks of keys need a mask of " + tiles + " x " + tileSize + " x " + blocks + " x " + tileSize
                    + " bytes, more than an array holds: use a larger layout length or a shorter sequence");
        }
        return (int) size * blocks;
    }

    /** Whether a tile, counted from the first query's, needs no block. */
    boolean isEmpty(int tile) {
        return counts[tile] == 0;
    }
}
