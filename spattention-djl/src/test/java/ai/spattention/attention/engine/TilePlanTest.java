package ai.spattention.attention.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import ai.spattention.attention.AttentionLayout;
import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.Band;
import ai.spattention.pattern.BigBirdRandom;
import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.KeyBlocks;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.LongformerDilated;
import ai.spattention.pattern.RawMask;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.pattern.Stride;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The plans of the tiled kernel, walked as the operator walks them: every allowed pair once, and no other. */
class TilePlanTest {

    @Provide
    Arbitrary<List<RawMask>> heads() {
        return RawMask.any().list().ofMinSize(1).ofMaxSize(3);
    }

    @Property
    void coversEveryAllowedPairExactlyOnce(@ForAll("heads") List<RawMask> heads,
            @ForAll @IntRange(min = 1, max = 70) int keys, @ForAll @IntRange(max = 69) int cached,
            @ForAll @IntRange(min = 1, max = 40) int tile) {
        cover(heads.stream().map(RawMask::mask).toList(), keys - cached % keys, keys, tile);
    }

    static Stream<AttentionPattern> patterns() {
        return Stream.concat(Stream.of(StandardPattern.values()), Stream.of(new LongformerDilated(), new LongformerDilated(7),
                new BigBirdRandom(), new BigBirdRandom(5)));
    }

    @ParameterizedTest
    @MethodSource("patterns")
    void coversThePatterns(AttentionPattern pattern) {
        for (LayoutLength layout : List.of(LayoutLength.SEQUENCE, LayoutLength.of(3), LayoutLength.of(40), LayoutLength.of(500))) {
            for (int tile : new int[] {1, 8, 13, 64, 128}) {
                for (int keys : new int[] {1, 5, 64, 97}) {
                    List<HeadMask> masks = new AttentionLayout(pattern, layout).headMasks(6, keys);
                    cover(masks, keys, keys, tile);
                    cover(masks, 1, keys, tile);
                    cover(masks, (keys + 1) / 2, keys, tile);
                }
            }
        }
    }

    /** Counts how often each pair of real positions is computed, by tiles and strides together. */
    private static void cover(List<HeadMask> masks, int queries, int keys, int tileSize) {
        TilePlan plan = TilePlan.of(masks, queries, keys, tileSize);
        int firstQuery = keys - queries;
        assertTrue(plan.firstTile() * tileSize <= firstQuery && (plan.firstTile() + plan.tiles()) * tileSize >= keys,
                "the tiles leave queries out: " + plan);
        List<Integer> planned = new ArrayList<>();
        for (TilePlan.Group group : plan.groups()) {
            planned.addAll(group.heads());
            int[][] times = new int[keys][keys];
            walkTiles(plan, group, firstQuery, times);
            walkStrides(StridePlan.of(group.mask(), keys), StridePlan.of(group.mask()), firstQuery, times);
            for (int head : group.heads()) {
                compare(masks.get(head), firstQuery, times, "head " + head + " of " + masks + ", " + queries + " queries, "
                        + keys + " keys, tiles of " + tileSize);
            }
        }
        assertEquals(IntStream.range(0, masks.size()).boxed().toList(), planned.stream().sorted().toList(), "heads");
    }

    private static void compare(HeadMask mask, int firstQuery, int[][] times, String what) {
        for (int query = firstQuery; query < times.length; query++) {
            for (int key = 0; key < times.length; key++) {
                if (times[query][key] != (mask.sees(query, key) ? 1 : 0)) {
                    fail("query " + query + ", key " + key + " computed " + times[query][key] + " times: " + what);
                }
            }
        }
    }

    private static void walkTiles(TilePlan plan, TilePlan.Group group, int firstQuery, int[][] times) {
        int size = plan.tileSize();
        int keys = times.length;
        int prefix = Math.min(group.mask().prefixKeys(), keys);
        int next = 0;
        for (TilePlan.Run run : group.runs()) {
            assertTrue(run.firstTile() >= next && run.tiles() >= 1, "runs ascend and do not overlap");
            next = run.firstTile() + run.tiles();
            assertTrue(next <= plan.tiles(), "runs end with the tiles");
            for (int tile = plan.firstTile() + run.firstTile(); tile < plan.firstTile() + next; tile++) {
                for (int row = 0; row < size; row++) {
                    int query = tile * size + row;
                    if (query < firstQuery || query >= keys) {
                        continue; // padding: computed and thrown away
                    }
                    int seen = 0;
                    for (int key = 0; key < prefix; key++) {
                        if (run.prefixMask() == null || run.prefixMask()[row * prefix + key] == 1) {
                            times[query][key]++;
                            seen++;
                        }
                    }
                    seen += walkPicks(group.picks(), size, tile - plan.firstTile(), row, times[query]);
                    seen += walkBlocks(group, run, size, tile, row, times[query]);
                    assertTrue(seen > 0 || run.emptyRows(), "a row without keys that the run does not own up to");
                }
            }
        }
    }

    private static int walkPicks(TilePicks picks, int size, int tile, int row, int[] times) {
        int seen = 0;
        for (int block = 0; block < picks.blocks(); block++) {
            for (int column = 0; column < size; column++) {
                if (picks.mask()[((tile * size + row) * picks.blocks() + block) * size + column] == 1) {
                    times[picks.index()[tile * picks.blocks() + block] * size + column]++;
                    seen++;
                }
            }
        }
        return seen;
    }

    private static int walkBlocks(TilePlan.Group group, TilePlan.Run run, int size, int tile, int row, int[] times) {
        int[] offsets = group.offsets();
        int columns = offsets.length * size;
        int seen = 0;
        for (int block = offsets.length - run.blocks(); block < offsets.length; block++) {
            assertTrue(tile + offsets[block] >= 0 && offsets[block] <= 0, "a block that is not there");
            for (int column = 0; column < size; column++) {
                if (group.blockMask()[row * columns + block * size + column] == 1) {
                    times[(tile + offsets[block]) * size + column]++; // fails at a key beyond the last
                    seen++;
                }
            }
        }
        return seen;
    }

    private static void walkStrides(StridePlan plan, Stride stride, int firstQuery, int[][] times) {
        int keys = times.length;
        int period = plan.period();
        assertEquals(stride.period(), period);
        assertEquals(stride.residues().size(), plan.masks().size());
        assertTrue(plan.rows() * period >= keys && (plan.rows() - 1) * period < keys, "rows of a class");
        for (int i = 0; i < plan.masks().size(); i++) {
            int at = 0;
            for (int queryClass = 0; queryClass < period; queryClass++) {
                int keyClass = Math.floorMod(queryClass - stride.residues().get(i), period);
                for (int queryRow = 0; queryRow < plan.rows(); queryRow++) {
                    for (int keyRow = 0; keyRow < plan.rows(); keyRow++) {
                        int query = queryClass + period * queryRow;
                        boolean real = query >= firstQuery && query < keys;
                        if (plan.masks().get(i)[at++] == 1 && real) {
                            times[query][keyClass + period * keyRow]++; // fails at a key beyond the last
                        }
                    }
                }
            }
            assertEquals(at, plan.masks().get(i).length);
        }
    }

    @Property
    void takesNoBlockInVain(@ForAll("heads") List<RawMask> heads, @ForAll @IntRange(min = 1, max = 70) int keys,
            @ForAll @IntRange(min = 1, max = 20) int tile) {
        TilePlan plan = TilePlan.of(heads.stream().map(RawMask::mask).toList(), keys, keys, tile);
        for (TilePlan.Group group : plan.groups()) {
            int columns = group.offsets().length * tile;
            assertEquals(tile * columns, group.blockMask().length);
            for (int block = 0; block < group.offsets().length; block++) {
                int start = block * tile;
                assertTrue(IntStream.range(0, tile * tile)
                        .anyMatch(at -> group.blockMask()[at / tile * columns + start + at % tile] == 1),
                        () -> "a block that no row needs: " + group);
            }
        }
    }

    @Test
    void headsThatSeeTheSameShareAGroup() {
        HeadMask near = HeadMask.ofBands(new Band(0, 4));
        HeadMask far = HeadMask.ofBands(new Band(4, 8));
        TilePlan plan = TilePlan.of(List.of(near, far, near), 16, 16, 4);
        assertEquals(List.of(List.of(0, 2), List.of(1)), plan.groups().stream().map(TilePlan.Group::heads).toList());
    }

    @Test
    void tilesBeforeAFarBandAreLeftOut() {
        TilePlan.Group group = TilePlan.of(List.of(HeadMask.ofBands(new Band(32, 40))), 64, 64, 8).groups().get(0);
        assertEquals(4, group.runs().get(0).firstTile(), "the first query at distance 32 is query 32, in tile 4");
        TilePlan nothing = TilePlan.of(List.of(HeadMask.ofBands()), 64, 64, 8);
        assertEquals(List.of(), nothing.groups().get(0).runs());
    }

    @Test
    void aRunEndsAtATileThatSeesNothing() {
        HeadMask mask = new HeadMask(List.of(), 0, new Stride(2, List.of(0)), new KeyBlocks(2, 1, 0, 0, 0));
        List<TilePlan.Run> runs = TilePlan.of(List.of(mask), 4, 4, 1).groups().get(0).runs();
        assertEquals(List.of(1, 3), runs.stream().map(TilePlan.Run::firstTile).toList(), "even queries see all their block by the stride");
        cover(List.of(mask), 4, 4, 1);
    }

    @Test
    void onlyTilesNearThePrefixNeedAMaskForIt() {
        HeadMask mask = new HeadMask(List.of(new Band(0, 3)), 2, Stride.NONE);
        List<TilePlan.Run> runs = TilePlan.of(List.of(mask), 64, 64, 8).groups().get(0).runs();
        assertNotNull(runs.get(0).prefixMask());
        TilePlan.Run last = runs.get(runs.size() - 1);
        assertNull(last.prefixMask());
        assertEquals(7, last.tiles(), "all tiles but the first in one run");
        assertFalse(last.emptyRows());
    }

    @ParameterizedTest
    @EnumSource(value = StandardPattern.class, names = {"SP", "EXCLUSIVE", "LOCAL"})
    void workGrowsWithTheAllowedPairs(StandardPattern pattern) {
        int length = 4096;
        List<HeadMask> masks = new AttentionLayout(pattern, LayoutLength.SEQUENCE).headMasks(16, length);
        int tile = TiledKernel.chooseTileSize(masks, length);
        long computed = 0;
        for (TilePlan.Group group : TilePlan.of(masks, length, length, tile).groups()) {
            for (TilePlan.Run run : group.runs()) {
                computed += (long) run.tiles() * run.blocks() * tile * tile * group.heads().size();
            }
        }
        long allowed = pattern.allowedPairs(16, length, length);
        // a tile of T queries meets w + T - 1 keys of a band of w, here 256: rounded up to blocks, 3 T for 2 T
        assertTrue(computed >= allowed && computed <= 1.6 * allowed, computed + " pairs computed for " + allowed);
    }

    @Test
    void aTileIsHalfAsHighAsMostBandsAreWide() {
        List<HeadMask> sp = new AttentionLayout(StandardPattern.SP, LayoutLength.SEQUENCE).headMasks(16, 4096);
        assertEquals(new Band(0, 512), sp.get(1).bands().get(0), "a head whose own band touches the window");
        assertEquals(128, TiledKernel.chooseTileSize(sp, 4096));
        assertEquals(512, TiledKernel.chooseTileSize(List.of(HeadMask.ofBands(new Band(0, Integer.MAX_VALUE))), 4096), "the largest");
        HeadMask beyond = HeadMask.ofBands(new Band(5000, 6000)); // of no sequence so short
        assertEquals(64, TiledKernel.chooseTileSize(List.of(beyond, HeadMask.ofBands(new Band(0, 128)), beyond), 4096));
        assertEquals(32, TiledKernel.chooseTileSize(List.of(beyond), 4096), "the smallest");
        assertEquals(16, TiledKernel.chooseTileSize(List.of(new HeadMask(List.of(), 0, new Stride(7, List.of(2)))), 4096));
    }

    @Test
    void aTileOfBlocksIsABlock() {
        List<HeadMask> masks = new AttentionLayout(new BigBirdRandom(), LayoutLength.SEQUENCE).headMasks(4, 2048);
        assertEquals(64, TiledKernel.chooseTileSize(masks, 2048));
        TilePlan.Group group = TilePlan.of(masks, 2048, 2048, 64).groups().get(0);
        assertEquals(5, group.picks().blocks(), "own block, the one before and three drawn; the first two are the prefix");
        assertEquals(21, TiledKernel.chooseTileSize(new AttentionLayout(new BigBirdRandom(), LayoutLength.SEQUENCE).headMasks(1, 7 * 32), 224));
        assertEquals(16, TiledKernel.chooseTileSize(new AttentionLayout(new BigBirdRandom(), LayoutLength.of(9)).headMasks(1, 300), 300));
    }

    @ParameterizedTest
    @ValueSource(ints = {100, 4096})
    void aFixedLayoutGivesTheSameMasksAtEveryLength(int sequence) {
        AttentionLayout fixed = new AttentionLayout(StandardPattern.SP, LayoutLength.of(512));
        assertEquals(fixed.headMasks(4, 512), fixed.headMasks(4, sequence));
        AttentionLayout published = new AttentionLayout(StandardPattern.SP, LayoutLength.SEQUENCE);
        List<HeadMask> masks = published.headMasks(4, sequence);
        for (int head = 0; head < 4; head++) {
            assertEquals(StandardPattern.SP.headMask(head, 4, sequence), masks.get(head));
        }
    }

    @Test
    void saysWhatToDoWhereStridesNeedTooMuch() {
        HeadMask bigbird = StandardPattern.BIGBIRD.headMask(0, 1, 512);
        String message = assertThrows(InvalidInputException.class, () -> StridePlan.of(bigbird, 1 << 20))
                .getMessage();
        assertEquals("strided distances of period 16 need a mask of 16 x 65536 x 65536 bytes at 1048576 positions, more than an"
                + " array holds: use a larger layout length or a shorter sequence", message);
    }

    @Test
    void masksWithoutStridesNeedNoStrideMasksHoweverLongTheSequence() {
        assertEquals(List.of(), StridePlan.of(HeadMask.ofBands(new Band(0, 4)), 1 << 20).masks());
    }
}
