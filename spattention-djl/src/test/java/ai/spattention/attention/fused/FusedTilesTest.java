package ai.spattention.attention.fused;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.attention.AttentionLayout;
import ai.spattention.pattern.Band;
import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.RawMask;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.pattern.Stride;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The fused kernel's tiles, walked by its formulas: every pair that a head sees is computed once, and no other. */
class FusedTilesTest {

    /** First rows of query tiles are multiples of it. */
    private static int unit(boolean dropout) {
        return dropout ? 8 : 4;
    }

    @Provide
    Arbitrary<HeadMask> masks() {
        Arbitrary<Band> band = Combinators.combine(Arbitraries.integers().between(0, 80), Arbitraries.integers().between(0, 60))
                .as((near, width) -> new Band(near, near + width));
        return Combinators.combine(band.list().ofMaxSize(2), Arbitraries.integers().between(0, 20), Arbitraries.integers().between(0, 30))
                .as((bands, prefix, period) -> new HeadMask(bands, prefix, period == 0 ? Stride.NONE : new Stride(period, List.of(0))));
    }

    @Property(tries = 300)
    void everyPairOnce(@ForAll("masks") HeadMask mask, @ForAll @IntRange(min = 1, max = 120) int keys,
            @ForAll @IntRange(max = 119) int cached, @ForAll @IntRange(min = 1, max = 10) int tile, @ForAll boolean dropout) {
        cover(mask, keys - cached % keys, keys, null, 4 * tile, unit(dropout));
    }

    @Property(tries = 400)
    void everyPairOfADocumentOnce(@ForAll("masks") HeadMask mask, @ForAll @IntRange(min = 1, max = 120) int keys,
            @ForAll @IntRange(max = 119) int cached, @ForAll @IntRange(min = 1, max = 10) int tile,
            @ForAll @IntRange(min = 1, max = 60) int length, @ForAll boolean returning, @ForAll boolean dropout,
            @ForAll Random random) {
        long[] documents = new long[keys];
        for (int i = 1; i < keys; i++) {
            long next = returning ? random.nextInt(4) : documents[i - 1] + 1;
            documents[i] = random.nextInt(length) == 0 ? next : documents[i - 1];
        }
        cover(mask, keys - cached % keys, keys, documents, 4 * tile, unit(dropout));
    }

    /** Programs that add to the same sums come one after the other, late keys first. */
    @Property(tries = 300)
    void everyProgramHasItsTurn(@ForAll @IntRange(max = 90) int near, @ForAll @IntRange(min = 1, max = 200) int width,
            @ForAll @IntRange(min = 1, max = 200) int length, @ForAll @IntRange(min = 1, max = 10) int half) {
        int rows = 4 * half;
        TileLoops loops = new TileLoops(HeadTable.of(List.of(HeadMask.ofBands(new Band(near, near + width))), length).rows(), length, length, null);
        Map<Integer, Integer> turns = new TreeMap<>();
        for (int tile = (length - 1) / (2 * rows); tile >= 0; tile--) {
            for (TileLoops.Tile each : loops.queryTiles(tile * 2 * rows, 2 * rows, rows, rows)) {
                assertEquals(turns.merge(each.firstQuery(), 1, Integer::sum) - 1, loops.turn(each), loops + " " + each);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void theStandardPatterns(StandardPattern pattern) {
        int served = 0;
        for (LayoutLength layout : List.of(LayoutLength.SEQUENCE, LayoutLength.of(40), LayoutLength.of(500))) {
            for (int keys : new int[] {1, 5, 64, 129, 200}) {
                List<HeadMask> masks = new AttentionLayout(pattern, layout).headMasks(3, keys);
                if (HeadTable.unfit(masks, keys).isEmpty()) {
                    int unit = unit(served++ % 2 == 1);
                    for (HeadMask mask : masks) {
                        cover(mask, keys, keys, null, 64, unit);
                        cover(mask, 1, keys, null, 64, unit);
                        cover(mask, (keys + 1) / 2, keys, null, 64, unit);
                    }
                }
            }
        }
        assertTrue(served == 15 || pattern == StandardPattern.REFORMER, served + " of 15 layouts served");
    }

    @Test
    void visitsNoTileOfOtherDocuments() {
        HeadMask causal = StandardPattern.CAUSAL.headMask(0, 1, 4096);
        long[] documents = new long[4096];
        Arrays.fill(documents, 2048, 4096, 7);
        TileLoops loops = new TileLoops(HeadTable.of(List.of(causal), 4096).rows(), 4096, 4096, documents);
        List<TileLoops.Tile> tiles = loops.keyTiles(4032, 64);
        assertEquals(32, tiles.size(), "keys 2048 to 4095");
        assertEquals(1, tiles.stream().filter(TileLoops.Tile::needsMask).count(), "the diagonal's");
        assertEquals(32, loops.queryTiles(0, 64, 64, 4).size(), "queries 0 to 2047");
        documents[4095] = 0; // a number that comes back: bounds no longer hold
        assertEquals(64, new TileLoops(loops.row(), 4096, 4096, documents).keyTiles(4032, 64).size());
    }

    private static void cover(HeadMask mask, int queries, int keys, long[] documents, int tile, int unit) {
        TileLoops loops = new TileLoops(HeadTable.of(List.of(mask), keys).rows(), queries, keys, documents);
        int offset = keys - queries;
        List<TileLoops.Tile> byQueries = new ArrayList<>();
        for (int row = 0; row < queries; row += tile) {
            byQueries.addAll(loops.keyTiles(row, tile));
        }
        List<TileLoops.Tile> byKeys = new ArrayList<>();
        for (int key = 0; key < keys; key += tile) {
            byKeys.addAll(loops.queryTiles(key, tile, tile, unit));
        }
        boolean aligned = byKeys.stream().allMatch(t -> !t.inRange() && !t.inPrefix() || (t.firstQuery() - offset) % unit == 0);
        assertTrue(aligned || tile % unit != 0, "the kernels' tiles are multiples of 16");
        for (List<TileLoops.Tile> tiles : List.of(byQueries, byKeys)) {
            int[][] times = new int[keys][keys];
            for (TileLoops.Tile t : tiles) {
                count(loops, t, offset, times);
            }
            for (int query = offset; query < keys; query++) {
                for (int key = 0; key < keys; key++) {
                    boolean seen = mask.sees(query, key) && (documents == null || documents[query] == documents[key]);
                    assertEquals(seen ? 1 : 0, times[query][key], mask + ", " + queries + " queries, " + keys
                            + " keys, tiles of " + tile + (tiles == byKeys ? " by keys" : " by queries") + ": query " + query + ", key " + key);
                }
            }
        }
    }

    /** Rows and keys that do not exist read as zeros and add nothing. */
    private static void count(TileLoops loops, TileLoops.Tile tile, int offset, int[][] times) {
        for (int query = Math.max(tile.firstQuery(), offset); query < Math.min(tile.firstQuery() + tile.queries(), times.length); query++) {
            for (int key = tile.firstKey(); key < tile.firstKey() + tile.keys(); key++) {
                if (loops.computes(tile, query, key)) {
                    assertTrue(key >= 0 && key < times.length, () -> "a key that does not exist counts: " + tile);
                    times[query][key]++;
                }
            }
        }
    }

    @Property(tries = 200)
    void refusesJustWhatItCannotSay(@ForAll("raw") RawMask raw) {
        HeadMask mask = raw.mask();
        boolean fits = mask.bands().size() <= 2 && mask.blocks().isEmpty() && (mask.stride().isEmpty()
                || mask.stride().residues().equals(List.of(0)) && !mask.stride().isBounded());
        assertEquals(fits, HeadTable.unfit(List.of(mask), 1000).isEmpty(), mask.toString());
        if (fits) {
            cover(mask, 60, 60, null, 16, unit(true));
        }
    }

    @Provide
    Arbitrary<RawMask> raw() {
        return RawMask.any();
    }

    @Test
    void theTableOfSparseHeads() {
        List<HeadMask> masks = new AttentionLayout(StandardPattern.SP, LayoutLength.SEQUENCE).headMasks(4, 10);
        // widths 3, 3, 2, 2: head 1's band 3..5 touches its window 0..3, head 3 has the window 0..2 and the band 8..9
        assertArrayEquals(new int[] {
            0, 3, HeadTable.NOWHERE, -HeadTable.NOWHERE, 0, 1, HeadTable.NOWHERE, 0,
            0, 5, HeadTable.NOWHERE, -HeadTable.NOWHERE, 0, 1, HeadTable.NOWHERE, 0,
            0, 2, 6, 7, 0, 1, HeadTable.NOWHERE, 0,
            0, 2, 8, 9, 0, 1, HeadTable.NOWHERE, 0}, HeadTable.of(masks, 10).rows());
    }

    @Test
    void rangesBeyondTheSequenceAreLeftOut() {
        HeadMask mask = HeadMask.ofBands(new Band(0, 4), new Band(8, 9), new Band(20, 30));
        assertEquals("a head has 3 ranges of distances (it takes 2)", HeadTable.unfit(List.of(mask), 21).orElseThrow());
        assertTrue(HeadTable.unfit(List.of(mask), 20).isEmpty());
        HeadMask everything = HeadMask.ofBands(new Band(0, Integer.MAX_VALUE));
        assertEquals(19, HeadTable.of(List.of(everything), 20).rows()[1]);
    }

    @Test
    void aSparseHeadTakesFewTiles() {
        HeadMask mask = StandardPattern.EXCLUSIVE.headMask(15, 16, 4096);
        TileLoops loops = new TileLoops(HeadTable.of(List.of(mask), 4096).rows(), 4096, 4096, null);
        assertEquals(0, loops.keyTiles(3776, 64).size(), "the last band begins at distance 3840");
        assertEquals(4, loops.keyTiles(4032, 64).size(), "the last queries see 256 keys, the keys 0 to 255");
    }
}
