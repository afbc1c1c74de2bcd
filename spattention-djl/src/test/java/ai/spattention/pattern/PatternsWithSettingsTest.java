package ai.spattention.pattern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The baselines as their papers have them, against the literal table of their definitions. */
class PatternsWithSettingsTest {

    @Provide
    Arbitrary<String> names() {
        return Arbitraries.of("longformer-dilated", "longformer-dilated:5", "bigbird-random", "bigbird-random:-77");
    }

    @Property(tries = 200)
    void followTheTable(@ForAll("names") String name, @ForAll @IntRange(min = 1, max = 9) int heads,
            @ForAll @IntRange(min = 1, max = 400) int layout, @ForAll @IntRange(min = 1, max = 90) int length) {
        AttentionPattern pattern = Patterns.onClassPath().of(name);
        long pairs = 0;
        for (int head = 0; head < heads; head++) {
            HeadMask mask = pattern.headMask(head, heads, layout);
            byte[] row = new byte[length];
            long ofHead = 0;
            for (int query = 0; query < length; query++) {
                MaskRow.fill(mask, query, row);
                for (int key = 0; key < length; key++) {
                    boolean expected = PatternTable.sees(name, layout, heads, head, query, key);
                    assertEquals(expected, mask.sees(query, key), "head " + head + ", query " + query + ", key " + key);
                    assertEquals(expected ? 1 : 0, row[key], "head " + head + ", query " + query + ", key " + key);
                    ofHead += expected ? 1 : 0;
                }
            }
            assertEquals(ofHead, mask.allowedPairs(length));
            pairs += ofHead;
        }
        assertEquals(pairs, pattern.allowedPairs(heads, layout, length));
    }

    @Property(tries = 300)
    void tilesAgreeWithTheirPairs(@ForAll("names") String name, @ForAll @IntRange(min = 1, max = 5) int heads,
            @ForAll @IntRange(min = 1, max = 400) int layout, @ForAll @IntRange(max = 80) int queryStart,
            @ForAll @IntRange(min = 1, max = 30) int queries, @ForAll @IntRange(max = 80) int keyStart,
            @ForAll @IntRange(min = 1, max = 30) int keys) {
        for (int head = 0; head < heads; head++) {
            int h = head;
            long seen = IntStream.range(queryStart, queryStart + queries).mapToLong(query -> IntStream.range(keyStart, keyStart + keys)
                    .filter(key -> PatternTable.sees(name, layout, heads, h, query, key)).count()).sum();
            HeadMask mask = Patterns.onClassPath().of(name).headMask(head, heads, layout);
            assertEquals(seen, mask.allowedPairs(queryStart, queryStart + queries, keyStart, keyStart + keys));
            assertEquals(seen == 0 ? TileKind.EMPTY : seen == (long) queries * keys ? TileKind.FULL : TileKind.PARTIAL,
                    mask.tile(queryStart, queryStart + queries, keyStart, keyStart + keys));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"longformer-dilated", "longformer-dilated:3", "bigbird-random", "bigbird-random:-77"})
    void areFoundByTheirNames(String name) {
        AttentionPattern pattern = Patterns.onClassPath().of(name);
        assertEquals(name, pattern.patternName());
        assertEquals(pattern, Patterns.onClassPath().of(name), "equal where the settings are");
        Patterns.requireOwnName(pattern);
        assertEquals("head must lie in [0, number of heads) (got head 2 of 2)",
                assertThrows(InvalidInputException.class, () -> pattern.headMask(2, 2, 9)).getMessage());
        assertEquals("the layout length must be at least 1 (got 0)",
                assertThrows(InvalidInputException.class, () -> pattern.allowedPairs(2, 0, 9)).getMessage());
        assertThrows(InvalidInputException.class,
                () -> pattern.allowedPairs(Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE), "more than a long holds");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', value = {
        "longformer-dilated: | dilated windows are written longformer-dilated:DILATION, with a whole number of at least 2 (got 'longformer-dilated:')",
        "longformer-dilated:x | dilated windows are written longformer-dilated:DILATION, with a whole number of at least 2 (got 'longformer-dilated:x')",
        "bigbird-random: | random blocks are written bigbird-random:SEED, with a whole number (got 'bigbird-random:')",
        "bigbird-random:1.5 | random blocks are written bigbird-random:SEED, with a whole number (got 'bigbird-random:1.5')",
        "lsh: | lsh attention is written lsh, lsh:ROUNDS, lsh:ROUNDS:CHUNK or lsh:ROUNDS:CHUNK:SEED, with whole numbers (got 'lsh:')",
        "lsh:1:2:3:4 | lsh attention is written lsh, lsh:ROUNDS, lsh:ROUNDS:CHUNK or lsh:ROUNDS:CHUNK:SEED, with whole numbers (got 'lsh:1:2:3:4')",
        "lsh:0 | lsh attention hashes in 1 to 64 rounds (got 0)",
        "lsh:1:0 | a chunk of lsh attention must have a length of at least 1 (got 0)",
        "longformer-dilated:1 | a dilation must be at least 2 (got 1)"})
    void aSettingThatIsNoneIsRefused(String name, String message) {
        assertEquals(message, assertThrows(InvalidInputException.class, () -> Patterns.onClassPath().of(name.strip())).getMessage());
    }

    @Test
    void theBlocksOfBigBirdAreDrawnForEachHeadAndQueryBlockFromTheSeedAlone() {
        HeadMask mask = new BigBirdRandom().headMask(1, 4, 2048);
        assertEquals(new BigBirdRandom().headMask(1, 8, 5000), mask, "neither heads nor layout change it, where blocks are of 64");
        Set<List<Integer>> draws = new HashSet<>();
        for (int head = 0; head < 4; head++) {
            for (int queryBlock = 20; queryBlock < 40; queryBlock++) {
                KeyBlocks blocks = new BigBirdRandom().headMask(head, 4, 2048).blocks();
                int[] drawn = Arrays.copyOf(blocks.of(queryBlock), 3);
                assertEquals(3, Arrays.stream(drawn).filter(block -> block >= 2).distinct().count());
                assertTrue(drawn[2] <= queryBlock - 2);
                draws.add(Arrays.stream(drawn).boxed().toList());
            }
        }
        assertTrue(draws.size() > 75, "of 80 draws nearly all differ: " + draws.size());
        assertNotEquals(mask, new BigBirdRandom(1).headMask(1, 4, 2048));
        int[] often = new int[40]; // every block is drawn about as often: 3 of 36, 4,000 times
        for (int seed = 0; seed < 4000; seed++) {
            Arrays.stream(new BigBirdRandom(seed).headMask(0, 1, 2048).blocks().of(39), 0, 3).forEach(block -> often[block]++);
        }
        for (int block = 2; block <= 37; block++) {
            assertEquals(333, often[block], 100, "block " + block);
        }
    }

    @Test
    void aDrawStaysWhatItIs() {
        KeyBlocks blocks = new BigBirdRandom().headMask(0, 4, 2048).blocks();
        assertEquals("[3, 6, 7, 9, 10] [13, 14, 17, 30, 31]", Arrays.toString(blocks.of(10)) + " " + Arrays.toString(blocks.of(31)));
    }

    @Test
    void hashedAttentionIsFoundByItsNamesAndHasNoMask() {
        Patterns patterns = Patterns.onClassPath();
        assertEquals(new LshSettings(4, 64, 0), patterns.of("lsh"));
        assertEquals(new LshSettings(2, 64, 0), patterns.of("lsh:2"));
        assertEquals(new LshSettings(2, 32, -5), patterns.of("lsh:2:32:-5"));
        for (String name : List.of("lsh", "lsh:2", "lsh:4:32", "lsh:1:64:9")) {
            assertEquals(name, patterns.of(name).patternName());
            Patterns.requireOwnName(patterns.of(name));
        }
        assertTrue(patterns.of("lsh").dependsOnData() && !patterns.of("sp").dependsOnData());
        assertEquals("attention by the pattern 'lsh' depends on the tokens and has no mask, to be shown or computed by: SpAttentionBlock"
                + " computes it by hashing", assertThrows(InvalidInputException.class, () -> patterns.of("lsh").headMask(0, 1, 8)).getMessage());
        assertEquals(1, new LshSettings(1, 64, 0).buckets(64));
        assertEquals(4, new LshSettings(1, 64, 0).buckets(65));
        assertEquals(64, new LshSettings().buckets(2048));
        assertEquals(8L * 4 * 2048 * 64, new LshSettings().allowedPairs(8, 2048, 2048));
        assertEquals(2L * 3 * (40 * 41 / 2), new LshSettings(3).allowedPairs(2, 2048, 40));
        assertEquals(0, new LshSettings().allowedPairs(2, 9, 0));
    }

    @ParameterizedTest
    @CsvSource({"1, 0", "2, 1", "3, 1", "4, 2", "16, 2"})
    void atMostHalfOfTheHeadsAreDilated(int heads, int dilated) {
        assertEquals(dilated, IntStream.range(0, heads)
                .filter(head -> !new LongformerDilated().headMask(head, heads, 64).stride().isEmpty()).count());
    }
}
