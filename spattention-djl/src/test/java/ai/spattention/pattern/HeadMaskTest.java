package ai.spattention.pattern;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Masks of any mixture of bands, prefix and stride against their definition, pair by pair. */
class HeadMaskTest {

    @Provide
    Arbitrary<RawMask> masks() {
        return RawMask.any();
    }

    @Property
    void seesByItsDefinition(@ForAll("masks") RawMask raw, @ForAll @IntRange(max = 80) int query,
            @ForAll @IntRange(min = -2, max = 82) int key) {
        assertEquals(raw.sees(query, key), raw.mask().sees(query, key));
    }

    @Property
    void bandsAreBroughtIntoOneForm(@ForAll("masks") RawMask raw) {
        List<Band> bands = raw.mask().bands();
        for (int i = 0; i < bands.size(); i++) {
            assertFalse(bands.get(i).isEmpty(), () -> "an empty band among " + bands);
            if (i > 0) {
                assertTrue(bands.get(i - 1).maxDistance() < bands.get(i).minDistance(),
                        () -> "bands that touch or are out of order: " + bands);
            }
        }
        for (int distance = 0; distance < 80; distance++) {
            int at = distance;
            assertEquals(raw.bands().stream().anyMatch(band -> band.contains(at)), raw.mask().inBands(distance));
        }
    }

    @Test
    void masksThatSeeTheSameThroughOtherBandsAreEqual() {
        assertEquals(HeadMask.ofBands(new Band(0, 9)), HeadMask.ofBands(new Band(4, 9), new Band(7, 7), new Band(0, 4)));
    }

    @Property
    void countsTheAllowedPairs(@ForAll("masks") RawMask raw, @ForAll @IntRange(max = 70) int length) {
        long pairs = 0;
        for (int query = 0; query < length; query++) {
            for (int key = 0; key <= query; key++) {
                pairs += raw.sees(query, key) ? 1 : 0;
            }
        }
        assertEquals(pairs, raw.mask().allowedPairs(length));
    }

    @Property(tries = 5_000)
    void judgesATileAsItsPairsDo(@ForAll("masks") RawMask raw, @ForAll @IntRange(max = 60) int queryStart,
            @ForAll @IntRange(min = 1, max = 20) int queries, @ForAll @IntRange(max = 60) int keyStart,
            @ForAll @IntRange(min = 1, max = 20) int keys) {
        int seen = 0;
        for (int query = queryStart; query < queryStart + queries; query++) {
            for (int key = keyStart; key < keyStart + keys; key++) {
                seen += raw.sees(query, key) ? 1 : 0;
            }
        }
        TileKind expected = seen == 0 ? TileKind.EMPTY : seen == queries * keys ? TileKind.FULL : TileKind.PARTIAL;
        assertEquals(expected, raw.mask().tile(queryStart, queryStart + queries, keyStart, keyStart + keys));
    }

    /** 97 is prime: no tile size divides it, so the last tiles stick out. */
    @ParameterizedTest
    @EnumSource
    void tilesOfThePatternsAgreeWithTheirPairs(StandardPattern pattern) {
        int length = 97;
        for (int tile : new int[] {1, 2, 7, 16, 40, 100}) {
            for (int head = 0; head < 5; head++) {
                HeadMask mask = pattern.headMask(head, 5, length);
                for (int query = 0; query < length; query += tile) {
                    int queryEnd = Math.min(length, query + tile);
                    for (int key = 0; key < length; key += tile) {
                        int keyEnd = Math.min(length, key + tile);
                        int seen = 0;
                        for (int i = query; i < queryEnd; i++) {
                            for (int j = key; j < keyEnd; j++) {
                                seen += PatternTable.sees(pattern.patternName(), length, 5, head, i, j) ? 1 : 0;
                            }
                        }
                        int pairs = (queryEnd - query) * (keyEnd - key);
                        assertEquals(seen == 0 ? TileKind.EMPTY : seen == pairs ? TileKind.FULL : TileKind.PARTIAL,
                                mask.tile(query, queryEnd, key, keyEnd), "tile " + tile + ", head " + head + ", queries from "
                                + query + ", keys from " + key);
                    }
                }
            }
        }
    }

    @Property
    void countsTheDistancesThatAreSeenAnywhere(@ForAll("masks") RawMask raw, @ForAll @IntRange(max = 90) int limit) {
        HeadMask mask = raw.mask();
        int seen = 0;
        for (int distance = 0; distance < limit; distance++) {
            seen += raw.distancesAlone().sees(1000, 1000 - distance) ? 1 : 0;
        }
        assertEquals(seen, mask.seenDistances(limit));
    }

    @Test
    void knowsTheThreeKindsOfTiles() {
        HeadMask band = HeadMask.ofBands(new Band(4, 12)); // a 4 x 4 tile holds the distances start -3 to start +3
        assertEquals(TileKind.EMPTY, band.tile(8, 12, 8, 12));
        assertEquals(TileKind.PARTIAL, band.tile(12, 16, 8, 12));
        assertEquals(TileKind.FULL, band.tile(16, 20, 8, 12));
        assertEquals(TileKind.EMPTY, band.tile(8, 12, 100, 104));
    }

    @ParameterizedTest
    @CsvSource({"4, 4, 0, 2", "5, 4, 0, 2", "0, 4, 2, 2", "0, 4, 3, 2", "0, 4, -1, 2"})
    void refusesATileOfNothing(int queryStart, int queryEnd, int keyStart, int keyEnd) {
        HeadMask mask = HeadMask.ofBands(new Band(0, 4));
        assertEquals("a tile needs queries and keys (got queries [" + queryStart + ", " + queryEnd + "), keys [" + keyStart
                + ", " + keyEnd + "))", assertThrows(InvalidInputException.class,
                        () -> mask.tile(queryStart, queryEnd, keyStart, keyEnd)).getMessage());
    }

    @Test
    void refusesANegativePrefix() {
        assertEquals("prefixKeys must not be negative (got -1)", assertThrows(InvalidInputException.class,
                () -> new HeadMask(List.of(), -1, Stride.NONE)).getMessage());
    }

    @Property
    void fillsARowWithWhatTheQuerySees(@ForAll("masks") RawMask raw, @ForAll @IntRange(max = 70) int query,
            @ForAll @IntRange(max = 70) int length) {
        byte[] row = new byte[length];
        Arrays.fill(row, (byte) 7); // what another query left behind
        MaskRow.fill(raw.mask(), query, row);
        byte[] expected = new byte[length];
        for (int key = 0; key < length; key++) {
            expected[key] = (byte) (raw.sees(query, key) ? 1 : 0);
        }
        assertArrayEquals(expected, row);
    }

    @ParameterizedTest
    @EnumSource
    void rowsOfThePatternsFollowTheTable(StandardPattern pattern) {
        for (int layout : new int[] {1, 4, 5, 30, 61, 64, 700}) {
            byte[] row = new byte[61];
            for (int head = 0; head < 4; head++) {
                for (int query = 0; query < row.length; query++) {
                    MaskRow.fill(pattern.headMask(head, 4, layout), query, row);
                    for (int key = 0; key < row.length; key++) {
                        assertEquals(PatternTable.sees(pattern.patternName(), layout, 4, head, query, key) ? 1 : 0, row[key],
                                "layout length " + layout + ", head " + head + ", query " + query + ", key " + key);
                    }
                }
            }
        }
    }
}
