package ai.spattention.eval.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WindowMeansTest {

    private static final int MOST = 64;

    /** Each block added up value by value; lengths tried one after the other; rounded by printing. */
    private static WindowMeans naive(WindowMeans windows, int most, int digits) {
        int length = 1;
        while (Math.ceil(windows.size() / (double) length) > most) {
            length = 2 * length;
        }
        List<Long> counts = new ArrayList<>();
        List<Double> means = new ArrayList<>();
        for (int window = 0; window < windows.size(); window++) {
            if (window % length == 0) {
                counts.add(0L);
                means.add(0.0);
            }
            int block = window / length;
            counts.set(block, counts.get(block) + windows.n().get(window));
            for (int value = 0; value < windows.n().get(window); value++) {
                means.set(block, means.get(block) + windows.mean().get(window));
            }
        }
        for (int block = 0; block < counts.size(); block++) {
            double mean = counts.get(block) == 0 ? 0 : means.get(block) / counts.get(block);
            means.set(block, Double.isFinite(mean) ? Double.valueOf(String.format(Locale.ROOT, "%." + (digits - 1) + "e", mean)) : mean);
        }
        return new WindowMeans(counts, means);
    }

    private static WindowMeans random(int windows) {
        Random random = new Random(windows);
        List<Long> counts = new ArrayList<>();
        List<Double> means = new ArrayList<>();
        for (int window = 0; window < windows; window++) {
            long count = random.nextInt(4) == 0 ? 0 : random.nextInt(50);
            counts.add(count);
            means.add(count == 0 ? 0 : random.nextGaussian());
        }
        return new WindowMeans(counts, means);
    }

    private static void assertClose(WindowMeans expected, WindowMeans actual) {
        assertEquals(expected.n(), actual.n());
        for (int i = 0; i < expected.size(); i++) { // sums of many values differ in their last bits, and so may a rounded digit
            assertEquals(expected.mean().get(i), actual.mean().get(i), 1e-3 * Math.abs(expected.mean().get(i)));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 63, 64, 65, 111, 127, 128, 129, 223, 256, 892, 1024, 1025})
    void blocksAreTheirWindowsAddedUp(int size) {
        WindowMeans windows = random(size);
        WindowMeans blocks = windows.merged(MOST, 4);
        assertClose(naive(windows, MOST, 4), blocks);
        assertTrue(blocks.size() <= MOST && (size == 0 || 2 * blocks.size() > Math.min(size, MOST)), size + " windows, " + blocks.size() + " blocks");
        assertEquals(blocks, blocks.merged(MOST, 4), "once more changes nothing");
    }

    @Test
    void lengthsOfBlocksFollowFromTheNumberOfWindowsAlone() {
        WindowMeans alike = new WindowMeans(Collections.nCopies(7, 10L), List.of(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0));
        assertEquals(new WindowMeans(List.of(40L, 30L), List.of(2.5, 6.0)), alike.merged(3, 4));
        assertEquals(new WindowMeans(List.of(70L), List.of(4.0)), alike.merged(1, 4));
        assertEquals(alike, alike.merged(7, 4));
    }

    @Test
    void windowsWeighAsMuchAsTheyHoldAndEmptyOnesNothing() {
        WindowMeans windows = new WindowMeans(List.of(3L, 1L, 0L, 0L, 0L, 2L), List.of(1.0, 5.0, 0.0, 0.0, 0.0, -0.123456));
        assertEquals(new WindowMeans(List.of(4L, 0L, 2L), List.of(2.0, 0.0, -0.1235)), windows.merged(3, 4));
    }

    @Test
    void whatIsNoNumberStaysNone() {
        WindowMeans windows = new WindowMeans(List.of(1L, 1L, 0L, 1L), List.of(Double.NaN, 1.0, Double.NaN, 3.0));
        assertEquals(new WindowMeans(List.of(2L, 1L), List.of(Double.NaN, 3.0)), windows.merged(2, 4), "an empty window's mean counts for nothing");
        assertTrue(!windows.merged(1, 4).isFinite());
    }

    @Test
    void noBlocksAndNoDigitsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> WindowMeans.NONE.merged(0, 4));
        assertThrows(IllegalArgumentException.class, () -> WindowMeans.NONE.merged(1, 0));
    }
}
