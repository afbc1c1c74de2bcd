package ai.spattention.attention;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** The tests' own Philox is the published one, and its numbers are as good as they have to be. */
class RandomNumbersTest {

    /** The known answers that the authors publish with Random123. */
    @Test
    void philoxGivesThePublishedAnswers() {
        assertArrayEquals(new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
                RandomNumbers.philox(new int[] {0, 0, 0, 0}, new int[] {0, 0}));
        assertArrayEquals(new int[] {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
                RandomNumbers.philox(new int[] {-1, -1, -1, -1}, new int[] {-1, -1}));
        assertArrayEquals(new int[] {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
                RandomNumbers.philox(new int[] {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, new int[] {0xa4093822, 0x299f31d0}));
    }

    @Test
    void eightRowsShareTheWordsOfOneCounter() {
        int[] words = RandomNumbers.philox(new int[] {5, 2, 3, 0}, new int[] {7, 1});
        for (int row = 16; row < 24; row++) {
            assertEquals(words[(row - 16) / 2] >>> (row % 2 * 16) & 0xffff, RandomNumbers.of((1L << 32) + 7, 3, row, 5), "row " + row);
        }
    }

    /** Of n pairs, n · rate are dropped, give or take a few standard deviations; whether a pair is does not depend on its neighbours. */
    @Test
    void dropsAtItsRateAndEachPairByItself() {
        AttentionDropout dropout = new AttentionDropout(0.1f, 123_456_789_012_345L);
        int size = 400;
        int[][] neighbours = {{0, 1, 0, 0}, {0, 0, 1, 0}, {1, 0, 0, 0}, {0, 0, 0, 1}}; // line, row, key, seed
        int dropped = 0;
        int[] both = new int[neighbours.length];
        for (int row = 0; row < size; row++) {
            for (int key = 0; key < size; key++) {
                if (isDropped(dropout, 0, row, key)) {
                    dropped++;
                    for (int i = 0; i < both.length; i++) {
                        int[] step = neighbours[i];
                        AttentionDropout other = new AttentionDropout(dropout.rate(), dropout.seed() + step[3]);
                        both[i] += isDropped(other, step[0], row + step[1], key + step[2]) ? 1 : 0;
                    }
                }
            }
        }
        double pairs = size * size;
        assertEquals(0.1, dropped / pairs, 5 * Math.sqrt(0.1 * 0.9 / pairs));
        for (int count : both) {
            assertEquals(0.1, (double) count / dropped, 5 * Math.sqrt(0.1 * 0.9 / dropped));
        }
    }

    private static boolean isDropped(AttentionDropout dropout, int line, int row, int key) {
        return RandomNumbers.factors(dropout).of(line, row, key) == 0;
    }

    @Test
    void whatIsKeptMakesUpForWhatIsDropped() {
        for (float rate : new float[] {0.1f, 0.5f, 0.999999f}) {
            AttentionDropout dropout = new AttentionDropout(rate, 1);
            double scale = 65536.0 / dropout.kept();
            assertTrue(scale >= 1);
            for (int key = 0; key < 20; key++) {
                double factor = RandomNumbers.factors(dropout).of(0, 0, key);
                assertTrue(factor == 0 || factor == scale, rate + ": " + factor);
            }
        }
    }
}
