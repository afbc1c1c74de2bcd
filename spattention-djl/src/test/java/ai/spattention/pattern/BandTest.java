package ai.spattention.pattern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The partition of the distances: complete, exclusive, balanced. */
class BandTest {

    @Property
    void bandsLieEndToEndFromZeroToTheLength(@ForAll @IntRange(min = 1, max = 200) int heads,
            @ForAll @IntRange(min = 1, max = 100_000) int length) {
        int next = 0;
        for (Band band : bands(heads, length)) {
            assertEquals(next, band.minDistance());
            next = band.maxDistance();
        }
        assertEquals(length, next);
    }

    @Property
    void widthsDifferByAtMostOneAndTheWiderBandsComeFirst(@ForAll @IntRange(min = 1, max = 200) int heads,
            @ForAll @IntRange(min = 1, max = 100_000) int length) {
        int wide = 0;
        int previous = Integer.MAX_VALUE;
        for (Band band : bands(heads, length)) {
            assertTrue(band.width() == length / heads || band.width() == length / heads + 1, () -> band + " is unbalanced");
            assertTrue(band.width() <= previous, () -> band + " is wider than the one before");
            previous = band.width();
            wide += band.width() - length / heads;
        }
        assertEquals(length % heads, wide, "heads with a wider band");
    }

    @Property(tries = 100)
    void everyPairOfThePastBelongsToExactlyOneHead(@ForAll @IntRange(min = 1, max = 40) int heads,
            @ForAll @IntRange(min = 1, max = 80) int length) {
        for (int query = 0; query < length; query++) {
            for (int key = 0; key < length; key++) {
                int owners = 0;
                for (int head = 0; head < heads; head++) {
                    owners += StandardPattern.EXCLUSIVE.headMask(head, heads, length).sees(query, key) ? 1 : 0;
                }
                assertEquals(key <= query ? 1 : 0, owners, "heads of query " + query + ", key " + key);
            }
        }
    }

    @Property
    void exclusiveCountsEachPairOnce(@ForAll @IntRange(min = 1, max = 200) int heads,
            @ForAll @IntRange(min = 1, max = 5_000) int length) {
        assertEquals(length * (length + 1L) / 2, StandardPattern.EXCLUSIVE.allowedPairs(heads, length, length));
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 7", "2, 7", "3, 60", "8, 16", "5, 2"})
    void spSeesThePastAndSharesItsLocalWindow(int heads, int length) {
        for (int query = 0; query < length; query++) {
            for (int key = 0; key <= query; key++) {
                int seenBy = 0;
                for (int head = 0; head < heads; head++) {
                    seenBy += StandardPattern.SP.headMask(head, heads, length).sees(query, key) ? 1 : 0;
                }
                assertTrue(seenBy >= 1, "complete");
                if (query - key <= length / heads) {
                    assertEquals(heads, seenBy, "the window is shared");
                }
            }
        }
    }

    @Test
    void theFirstHeadsTakeWhatIsLeftOver() {
        assertEquals(List.of(new Band(0, 3), new Band(3, 6), new Band(6, 8), new Band(8, 10)), bands(4, 10));
    }

    @Test
    void headsBeyondTheLengthGetAnEmptyBand() {
        List<Band> bands = bands(5, 2);
        assertEquals(List.of(1, 1, 0, 0, 0), bands.stream().map(Band::width).toList());
        assertFalse(bands.get(1).isEmpty());
        assertTrue(bands.get(2).isEmpty());
        assertFalse(bands.get(2).contains(2));
    }

    @Test
    void holdsItsFirstDistanceAndNotItsLast() {
        Band band = new Band(3, 5);
        assertEquals(List.of(3, 4), IntStream.range(0, 10).filter(band::contains).boxed().toList());
    }

    @ParameterizedTest
    @CsvSource({"-1, 4", "5, 4"})
    void refusesBoundsOutOfOrder(int min, int max) {
        assertEquals("a band needs 0 <= minDistance <= maxDistance (got [" + min + ", " + max + "))",
                assertThrows(InvalidInputException.class, () -> new Band(min, max)).getMessage());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "0 | 0 | 8 | the number of heads must be at least 1 (got 0)",
        "4 | 4 | 8 | head must lie in [0, number of heads) (got head 4 of 4)",
        "-1 | 4 | 8 | head must lie in [0, number of heads) (got head -1 of 4)",
        "0 | 4 | 0 | the layout length must be at least 1 (got 0)"})
    void refusesAHeadOrALengthThatIsNotThere(int head, int heads, int length, String message) {
        assertEquals(message,
                assertThrows(InvalidInputException.class, () -> Band.ofHead(head, heads, length)).getMessage());
    }

    private static List<Band> bands(int heads, int length) {
        return IntStream.range(0, heads).mapToObj(head -> Band.ofHead(head, heads, length)).toList();
    }
}
