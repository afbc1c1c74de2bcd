package ai.spattention.attention.engine;

import ai.spattention.pattern.Band;
import ai.spattention.pattern.HeadMask;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which blocks of keys the tiles of queries need, in integers only.
 *
 * <p>Positions are cut into blocks of T, queries and keys alike. Seen from its tile of queries, a head's bands always lie in
 * the same blocks, those at the head's <em>offsets</em> (0 is the tile's own block, -1 the one before), under the same
 * mask; a tile near the beginning has only the later of these blocks. A <em>run</em> is a series of tiles with the same
 * blocks, computed by one call. Keys that every query sees (the prefix) come as extra columns.
 *
 * <p>Blocks of keys at no fixed distance are <em>picked</em>: each tile has a list of the blocks that it needs besides, and a mask for them.
 *
 * <p>Strided distances without an end have no place in tiles of consecutive positions: {@link StridePlan} covers them. Those that end
 * are among the distances that a head's blocks hold, as those of its bands.
 *
 * @param tileSize T
 * @param firstTile the tile of the first query, in blocks from the first key
 * @param tiles the number of query tiles
 * @param groups the heads, those with the same mask together
 */
record TilePlan(int tileSize, int firstTile, int tiles, List<Group> groups) {

    /**
     * Heads that see the same.
     *
     * @param heads the heads
     * @param mask what they see
     * @param offsets the blocks that a tile needs, relative to its own, ascending, none positive
     * @param blockMask T × (offsets · T) bytes, row by row: 1 where the bands, or a stride that ends, allow the pair
     * @param picks the blocks that tiles need besides
     * @param runs the tiles that see anything, ascending
     */
    record Group(List<Integer> heads, HeadMask mask, int[] offsets, byte[] blockMask, TilePicks picks, List<Run> runs) {}

    /**
     * Consecutive tiles that are computed together.
     *
     * @param firstTile the first tile, counted from the first query's
     * @param tiles how many
     * @param blocks how many of the group's last offsets they use
     * @param prefixMask T × prefix bytes for the prefix columns, or null if every one of them is seen in full
     * @param emptyRows whether some row may see nothing
     */
    record Run(int firstTile, int tiles, int blocks, byte[] prefixMask, boolean emptyRows) {}

    /**
     * Plans the tiles of a call.
     *
     * @param masks one mask a head
     * @param queryLength N
     * @param keyLength M; the queries are the last N positions
     * @param tileSize T
     * @return the plan
     */
    static TilePlan of(List<HeadMask> masks, int queryLength, int keyLength, int tileSize) {
        Map<HeadMask, List<Integer>> heads = new LinkedHashMap<>();
        for (int head = 0; head < masks.size(); head++) {
            heads.computeIfAbsent(masks.get(head), mask -> new ArrayList<>()).add(head);
        }
        int firstTile = (keyLength - queryLength) / tileSize;
        int lastTile = (keyLength - 1) / tileSize;
        List<Group> groups = new ArrayList<>();
        heads.forEach((mask, members) ->
                groups.add(group(mask, List.copyOf(members), firstTile, lastTile, keyLength, tileSize)));
        return new TilePlan(tileSize, firstTile, lastTile - firstTile + 1, List.copyOf(groups));
    }

    private static Group group(HeadMask mask, List<Integer> heads, int firstTile, int lastTile, int keyLength,
            int tileSize) {
        int[] offsets = offsets(mask, keyLength, tileSize);
        TilePicks picks = TilePicks.of(mask, firstTile, lastTile, keyLength, tileSize);
        int prefix = Math.min(mask.prefixKeys(), keyLength);
        List<Band> ranges = ranges(mask, keyLength);
        int nearest = ranges.stream().mapToInt(Band::minDistance).min().orElse(keyLength);
        int farthest = ranges.stream().mapToInt(Band::maxDistance).max().orElse(0) - 1;
        boolean seesItself = mask.blocks().nearest() > 0 && StridePlan.of(mask).isEmpty(); // in a block that is picked
        List<Run> runs = new ArrayList<>();
        for (int tile = firstTile; tile <= lastTile; tile++) {
            int blocks = 0;
            while (blocks < offsets.length && tile + offsets[offsets.length - 1 - blocks] >= 0) {
                blocks++;
            }
            if (blocks == 0 && prefix == 0 && picks.isEmpty(tile - firstTile)) {
                continue;
            }
            int firstRow = tile * tileSize;
            boolean emptyRows = prefix == 0 && firstRow < nearest && !seesItself;
            byte[] prefixMask = prefixIsWhole(prefix, firstRow, farthest) ? null : prefixMask(mask, prefix, firstRow, tileSize);
            Run last = runs.isEmpty() ? null : runs.get(runs.size() - 1);
            boolean follows = last != null && last.firstTile + last.tiles == tile - firstTile; // a tile between may see nothing
            if (follows && last.blocks == blocks && last.prefixMask == null && prefixMask == null) {
                runs.set(runs.size() - 1,
                        new Run(last.firstTile, last.tiles + 1, blocks, null, last.emptyRows || emptyRows));
            } else {
                runs.add(new Run(tile - firstTile, 1, blocks, prefixMask, emptyRows));
            }
        }
        return new Group(heads, mask, offsets, blockMask(mask, offsets, tileSize), picks, List.copyOf(runs));
    }

    /** The blocks, relative to a tile's own, in which some row of the tile finds a key of the bands. */
    private static int[] offsets(HeadMask mask, int keyLength, int tileSize) {
        int blocks = (keyLength - 1) / tileSize + 1;
        boolean[] needed = new boolean[blocks];
        for (Band band : ranges(mask, keyLength)) {
            int nearest = band.minDistance() - (tileSize - 1); // distance from the tile's first row to its nearest key
            int farthest = Math.min(band.maxDistance(), keyLength) - 1;
            int last = Math.min(blocks - 1, Math.floorDiv(farthest + tileSize - 1, tileSize));
            for (int back = Math.max(0, Math.floorDiv(nearest + tileSize - 1, tileSize)); back <= last; back++) {
                needed[back] = true;
            }
        }
        List<Integer> offsets = new ArrayList<>();
        for (int back = blocks - 1; back >= 0; back--) {
            if (needed[back]) {
                offsets.add(-back);
            }
        }
        return offsets.stream().mapToInt(Integer::intValue).toArray();
    }

    /** The distances of blocks below a length, a stride's one by one. */
    private static List<Band> ranges(HeadMask mask, int keyLength) {
        List<Band> ranges = new ArrayList<>(mask.bands());
        int end = mask.stride().isBounded() ? Math.min(mask.stride().maxDistance(), keyLength) : 0;
        for (int residue : mask.stride().residues()) {
            for (long distance = residue; distance < end; distance += mask.stride().period()) {
                ranges.add(new Band((int) distance, (int) distance + 1));
            }
        }
        return ranges;
    }

    /** Whether blocks hold a distance. */
    static boolean inBlocks(HeadMask mask, int distance) {
        return mask.inBands(distance) || mask.stride().isBounded() && mask.stride().contains(distance);
    }

    private static byte[] blockMask(HeadMask mask, int[] offsets, int tileSize) {
        int columns = offsets.length * tileSize;
        byte[] seen = new byte[tileSize * columns];
        for (int row = 0; row < tileSize; row++) {
            for (int block = 0; block < offsets.length; block++) {
                for (int column = 0; column < tileSize; column++) {
                    int distance = row - offsets[block] * tileSize - column;
                    seen[row * columns + block * tileSize + column] = bit(distance >= 0 && inBlocks(mask, distance));
                }
            }
        }
        return seen;
    }

    /** Whether every prefix column is seen by the whole tile and lies beyond all blocks (else it would count twice). */
    private static boolean prefixIsWhole(int prefix, int firstRow, int farthest) {
        return prefix == 0 || firstRow - (prefix - 1) > farthest;
    }

    private static byte[] prefixMask(HeadMask mask, int prefix, int firstRow, int tileSize) {
        byte[] seen = new byte[tileSize * prefix];
        for (int row = 0; row < tileSize; row++) {
            for (int key = 0; key < prefix; key++) {
                int distance = firstRow + row - key;
                seen[row * prefix + key] = bit(distance >= 0 && !inBlocks(mask, distance));
            }
        }
        return seen;
    }

    private static byte bit(boolean value) {
        return (byte) (value ? 1 : 0);
    }
}
