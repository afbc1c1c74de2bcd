package ai.spattention.train.mask;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.pattern.Band;
import ai.spattention.pattern.BigBirdRandom;
import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.LongformerDilated;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.pattern.Stride;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MaskTextTest {

    @Test
    void drawsARowAQueryAndACharacterAKey() {
        List<HeadMask> masks = IntStream.range(0, 2).mapToObj(head -> StandardPattern.EXCLUSIVE.headMask(head, 2, 4)).toList();
        assertEquals("""
                head 0: distances 0..1
                  #
                  ##
                  .##
                  ..##
                head 1: distances 2..3
                  .
                  ..
                  #..
                  ##..
                """, MaskText.draw(masks, 4));
    }

    @Test
    void drawsOneToken() {
        assertEquals("head 0: distances 0..0\n  #\n",
                MaskText.draw(List.of(StandardPattern.CAUSAL.headMask(0, 1, 1)), 1));
    }

    @Test
    void reducesALongSequenceToAFewCells() {
        List<String> lines = MaskText.draw(List.of(StandardPattern.CAUSAL.headMask(0, 1, 1000)), 1000).lines().toList();
        assertEquals("each character stands for about 16 positions", lines.get(0));
        assertEquals(66, lines.size(), "a scale, a title and 64 rows");
        assertEquals(2 + 64, lines.get(65).length());
        assertTrue(lines.get(65).startsWith("  ###"), lines.get(65));
    }

    /** One distance alone: of the c x c pairs of a cell of c positions a side, c are seen. */
    @ParameterizedTest
    @CsvSource({"1, #", "2, +", "4, +", "5, :", "9, :"})
    void shadesCellsByTheShareThatIsSeen(int positionsACell, char shade) {
        int length = 64 * positionsACell;
        HeadMask mask = HeadMask.ofBands(new Band(length / 2, length / 2 + 1));
        String lastRow = MaskText.draw(List.of(mask), length).lines().reduce((first, last) -> last).orElseThrow();
        assertEquals("  " + ".".repeat(31) + shade + ".".repeat(32), lastRow);
    }

    @Test
    void titlesSayWhatAHeadSees() {
        assertEquals("no band", MaskTitle.of(HeadMask.ofBands(), 16));
        assertEquals("distances 0..4, 8..11", MaskTitle.of(StandardPattern.SP.headMask(2, 4, 16), 16));
        assertEquals("distances 0..15", MaskTitle.of(StandardPattern.CAUSAL.headMask(0, 1, 16), 16), "ends with the sequence");
        assertEquals("distances 16..31", MaskTitle.of(HeadMask.ofBands(new Band(16, 32)), 10), "out of the sequence's reach");
        assertEquals("distances 0..3, first 2 keys, d mod 16 in [0, 5]",
                MaskTitle.of(new HeadMask(List.of(new Band(0, 4)), 2, new Stride(16, List.of(0, 5))), 100));
        assertEquals("no band, d mod 2 in [0] up to 16", MaskTitle.of(new LongformerDilated().headMask(1, 2, 32), 100));
        assertEquals("no band, first 6 keys, of blocks of 3 the last 2 and 3 drawn", MaskTitle.of(new BigBirdRandom().headMask(0, 2, 100), 100));
    }
}
