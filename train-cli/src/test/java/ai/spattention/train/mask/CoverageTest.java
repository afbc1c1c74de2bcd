package ai.spattention.train.mask;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.pattern.Band;
import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.StandardPattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CoverageTest {

    @ParameterizedTest
    @CsvSource({"1, 1", "10, 10", "10, 3", "11, 4", "64, 64", "65, 64", "127, 64", "200, 7", "5, 1"})
    void isTheShareOfEachCellsPairs(int length, int cells) {
        for (StandardPattern pattern : StandardPattern.values()) {
            HeadMask mask = pattern.headMask(1, 3, length);
            double[][] seen = new double[cells][cells];
            int[][] pairs = new int[cells][cells];
            for (int query = 0; query < length; query++) {
                for (int key = 0; key < length; key++) {
                    int i = query * cells / length;
                    int j = key * cells / length;
                    pairs[i][j]++;
                    seen[i][j] += mask.sees(query, key) ? 1 : 0;
                }
            }
            double[][] share = Coverage.of(mask, length, cells);
            assertEquals(cells, share.length);
            for (int i = 0; i < cells; i++) {
                for (int j = 0; j < cells; j++) {
                    assertEquals(seen[i][j] / pairs[i][j], share[i][j], 1e-12, pattern + " at " + i + ", " + j);
                }
            }
        }
    }

    @Test
    void oneCellAPositionIsTheMaskItself() {
        double[][] share = Coverage.of(HeadMask.ofBands(new Band(1, 3)), 4, 4);
        assertArrayEquals(new double[][] {{0, 0, 0, 0}, {1, 0, 0, 0}, {1, 1, 0, 0}, {0, 1, 1, 0}}, share);
    }
}
