package ai.spattention.pattern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import ai.spattention.common.InvalidInputException;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The patterns against the literal table of their definitions. */
class StandardPatternTest {

    private static final int[] HEADS = {1, 2, 3, 5, 8, 16, 71};

    /** Around every threshold of the definitions: 4, multiples of 8 and 32, and where each clamp takes hold. */
    private static final int[] LAYOUTS = {1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 50, 63, 64, 65, 95, 96, 127, 128,
        129, 191, 192, 300, 511, 512, 513, 543, 544, 1023, 1024, 1025, 2048, 4096, 5000};

    @ParameterizedTest
    @EnumSource
    void followsTheTableWithTheSequenceAsLayout(StandardPattern pattern) {
        for (int length = 1; length <= 70; length++) {
            for (int heads : HEADS) {
                compare(pattern, heads, length, length);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void followsTheTableAtFixedLayoutsShorterAndLongerThanTheSequence(StandardPattern pattern) {
        for (int layout : LAYOUTS) {
            compare(pattern, 3, layout, 300);
        }
    }

    @Property(tries = 20_000)
    void followsTheTableAnywhere(@ForAll StandardPattern pattern, @ForAll @IntRange(min = 1, max = 9_000) int layout,
            @ForAll @IntRange(min = 1, max = 130) int heads, @ForAll @IntRange(max = 129) int anyHead,
            @ForAll @IntRange(max = 20_000) int query, @ForAll @IntRange(max = 1_200) int distance) {
        int head = anyHead % heads;
        int key = query - distance;
        boolean expected = key >= 0 && PatternTable.sees(pattern.patternName(), layout, heads, head, query, key);
        assertEquals(expected, pattern.headMask(head, heads, layout).sees(query, key));
    }

    private static void compare(StandardPattern pattern, int heads, int layout, int length) {
        for (int head = 0; head < heads; head++) {
            HeadMask mask = pattern.headMask(head, heads, layout);
            for (int query = 0; query < length; query++) {
                for (int key = 0; key < length; key++) {
                    boolean expected = PatternTable.sees(pattern.patternName(), layout, heads, head, query, key);
                    if (mask.sees(query, key) != expected) {
                        fail(pattern + ": layout length " + layout + ", head " + head + " of " + heads + ", query " + query
                                + ", key " + key + " should be " + (expected ? "seen" : "unseen"));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void countsThePairsOfAllHeads(StandardPattern pattern) {
        for (int[] sizes : new int[][] {{1, 1, 1}, {4, 37, 37}, {9, 5, 5}, {3, 20, 61}, {3, 200, 61}}) {
            int heads = sizes[0];
            int layout = sizes[1];
            int length = sizes[2];
            long pairs = 0;
            for (int head = 0; head < heads; head++) {
                for (int query = 0; query < length; query++) {
                    for (int key = 0; key < length; key++) {
                        pairs += PatternTable.sees(pattern.patternName(), layout, heads, head, query, key) ? 1 : 0;
                    }
                }
            }
            assertEquals(pairs, pattern.allowedPairs(heads, layout, length), heads + " heads, layout length " + layout);
        }
    }

    /** Every length, number of heads and layout length up to some dozens, each pair looked up in the table. */
    @ParameterizedTest
    @EnumSource
    void countsThePairsOfAllSmallSizes(StandardPattern pattern) {
        int longest = 48;
        for (int heads = 1; heads <= 7; heads++) {
            for (int layout = 1; layout <= 72; layout++) {
                long pairs = 0;
                for (int length = 1; length <= longest; length++) {
                    for (int head = 0; head < heads; head++) {
                        for (int key = 0; key < length; key++) {
                            pairs += PatternTable.sees(pattern.patternName(), layout, heads, head, length - 1, key) ? 1 : 0;
                        }
                    }
                    if (pairs != pattern.allowedPairs(heads, layout, length)) {
                        assertEquals(pairs, pattern.allowedPairs(heads, layout, length),
                                heads + " heads, layout length " + layout + ", length " + length);
                    }
                }
            }
        }
    }

    @Property(tries = 400)
    void countsThePairsOfManyHeadsAndLongSequences(@ForAll StandardPattern pattern, @ForAll @IntRange(min = 1, max = 700) int heads,
            @ForAll @IntRange(min = 1, max = 100_000) int layout, @ForAll @IntRange(min = 1, max = 3_000) int length) {
        long pairs = 0;
        for (int head = 0; head < heads; head++) {
            HeadMask mask = pattern.headMask(head, heads, layout);
            pairs += mask.allowedPairs(length);
        }
        assertEquals(pairs, pattern.allowedPairs(heads, layout, length));
        HeadMask last = pattern.headMask(heads - 1, heads, layout);
        long ofLast = 0;
        int distances = 0;
        for (int distance = 0; distance < length; distance++) {
            distances += last.seesDistance(distance) ? 1 : 0;
            ofLast += last.seesDistance(distance) ? length - distance : Math.min(last.prefixKeys(), length - distance);
        }
        assertEquals(ofLast, last.allowedPairs(length));
        assertEquals(distances, last.seenDistances(length));
    }

    @Test
    void theLargestSizesAreCountedAtOnce() {
        int most = Integer.MAX_VALUE;
        long all = most * (most + 1L) / 2;
        for (StandardPattern pattern : StandardPattern.values()) {
            long one = pattern.allowedPairs(1, most, most);
            assertTrue(one > 0 && one <= all, pattern + ": " + one);
            assertEquals(pattern.headMask(0, 1, most).allowedPairs(most), one, pattern.patternName());
            assertEquals(most, pattern.allowedPairs(most, most, 1) + (pattern == StandardPattern.EXCLUSIVE ? most - 1L
                    : pattern == StandardPattern.GAPPED ? most : 0), pattern.patternName());
        }
        assertEquals(all, StandardPattern.CAUSAL.allowedPairs(1, most, most));
        assertEquals(all, StandardPattern.SP.allowedPairs(1, most, most));
        assertEquals(all, StandardPattern.EXCLUSIVE.allowedPairs(most, most, most));
        assertEquals(0, StandardPattern.GAPPED.allowedPairs(most, most, most));
        assertEquals(most + " heads over a sequence of " + most + " see more pairs of query and key than can be counted ("
                + Long.MAX_VALUE + "): use fewer heads or a shorter sequence", assertThrows(InvalidInputException.class,
                () -> StandardPattern.CAUSAL.allowedPairs(most, most, most)).getMessage());
    }

    @Test
    void aPatternOfOnesOwnIsAskedHeadByHeadWithinBounds() {
        AttentionPattern own = new AttentionPattern() {
            @Override
            public String patternName() {
                return "every-second";
            }

            @Override
            public HeadMask headMask(int head, int numHeads, int layoutLength) {
                return new HeadMask(List.of(), 0, new Stride(2, List.of(0)));
            }
        };
        assertEquals(3 * (5 + 3 + 1), own.allowedPairs(3, 9, 5));
        assertEquals("the pairs of pattern 'every-second' are counted head by head, for at most 1048576 heads (got 1048577): use"
                + " fewer heads, or give the pattern an allowedPairs of its own", assertThrows(InvalidInputException.class,
                () -> own.allowedPairs(1_048_577, 16, 16)).getMessage());
        assertThrows(InvalidInputException.class, () -> own.allowedPairs(1_048_576, 16, Integer.MAX_VALUE), "overflow");
    }

    @Test
    void countsBeyondTheRangeOfInt() {
        int length = 100_000;
        assertEquals(8 * (length * (length + 1L) / 2), StandardPattern.CAUSAL.allowedPairs(8, length, length));
    }

    @Test
    void aLaterQueryOfAFixedLayoutStillSeesTheSameDistances() {
        HeadMask mask = StandardPattern.SP.headMask(2, 4, 100);
        for (int query : new int[] {200, 5_000, 1_000_000_000}) {
            for (int distance = 0; distance < 130; distance++) {
                assertEquals(mask.sees(150, 150 - distance), mask.sees(query, query - distance), "distance " + distance);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void isFoundByItsName(StandardPattern pattern) {
        assertSame(pattern, StandardPattern.of(pattern.patternName()));
    }

    @Test
    void namesAreTheOnesThatConfigurationsUse() {
        assertEquals("causal, sp, exclusive, local, window, gapped, longformer, bigbird, reformer", StandardPattern.names());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "SP", "sp ", "bigbirds"})
    void namesTheChoicesForAnUnknownPattern(String name) {
        assertEquals("unknown attention pattern '" + name + "': choose one of causal, sp, exclusive, local, window, gapped,"
                + " longformer, bigbird, reformer", assertThrows(InvalidInputException.class, () -> StandardPattern.of(name)).getMessage());
    }

    @ParameterizedTest
    @CsvSource({"-1, 4", "4, 4", "5, 4"})
    void refusesAHeadThatIsNotThere(int head, int heads) {
        for (StandardPattern pattern : StandardPattern.values()) {
            assertEquals("head must lie in [0, number of heads) (got head " + head + " of " + heads + ")",
                    assertThrows(InvalidInputException.class, () -> pattern.headMask(head, heads, 16)).getMessage());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -3})
    void refusesNoHeads(int heads) {
        for (StandardPattern pattern : StandardPattern.values()) {
            String message = "the number of heads must be at least 1 (got " + heads + ")";
            assertEquals(message,
                    assertThrows(InvalidInputException.class, () -> pattern.headMask(0, heads, 16)).getMessage());
            assertEquals(message,
                    assertThrows(InvalidInputException.class, () -> pattern.allowedPairs(heads, 16, 16)).getMessage());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1})
    void refusesALengthOfNothing(int length) {
        for (StandardPattern pattern : StandardPattern.values()) {
            assertEquals("the layout length must be at least 1 (got " + length + ")",
                    assertThrows(InvalidInputException.class, () -> pattern.headMask(0, 4, length)).getMessage());
        }
    }

    @Test
    void moreHeadsThanTokensLeaveHeadsThatSeeNothing() {
        HeadMask last = StandardPattern.EXCLUSIVE.headMask(15, 16, 11);
        assertEquals(0, last.allowedPairs(11));
        assertFalse(last.sees(10, 0));
    }
}
