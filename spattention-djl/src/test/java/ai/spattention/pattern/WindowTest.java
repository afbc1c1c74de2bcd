package ai.spattention.pattern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WindowTest {

    @Test
    void seesTheNearestKeysWhateverHeadAndLayout() {
        for (int layout : new int[] {1, 9, 500}) {
            for (int head = 0; head < 3; head++) {
                HeadMask mask = new Window(4).headMask(head, 3, layout);
                for (int distance = 0; distance < 600; distance++) {
                    assertEquals(distance <= 4, mask.sees(700, 700 - distance), "distance " + distance);
                }
            }
            assertEquals(3 * (1 + 2 + 3 + 4 + 5 + 5), new Window(4).allowedPairs(3, layout, 6));
        }
        assertEquals(2 * 6, new Window(0).allowedPairs(2, 1, 6));
        int most = Integer.MAX_VALUE;
        assertEquals(most * (most + 1L) / 2, new Window(most).allowedPairs(1, 1, most), "the widest one sees all");
    }

    @Test
    void isFoundByItsNameEverywhere() {
        assertEquals(new Window(373), Patterns.onClassPath().of("window:373"));
        assertEquals("window:373", new Window(373).patternName());
        Patterns.requireOwnName(new Window(0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"window:", "window:x", "window: 3", "window:1.5", "window:99999999999"})
    void aWidthThatIsNoneIsRefused(String name) {
        assertEquals("a window is written window:W, with the farthest distance W that is seen, a whole number of at least 0 (got '"
                + name + "')", assertThrows(InvalidInputException.class, () -> Patterns.onClassPath().of(name)).getMessage());
    }

    @Test
    void aNegativeWidthIsRefused() {
        assertEquals("a window's farthest distance must be at least 0 (got -1)",
                assertThrows(InvalidInputException.class, () -> Patterns.onClassPath().of("window:-1")).getMessage());
    }

    @Test
    void theStandardWindowHasAtLeastAsManyPairsAsSpAndOneNarrowerHasFewer() {
        for (int[] sizes : new int[][] {{8, 2048}, {16, 4096}, {1, 7}, {5, 3}, {3, 1}, {7, 1000}}) {
            int heads = sizes[0];
            int length = sizes[1];
            int farthest = StandardPattern.WINDOW.headMask(0, heads, length).bands().get(0).maxDistance() - 1;
            long pairs = StandardPattern.SP.allowedPairs(heads, length, length);
            assertTrue(new Window(farthest).allowedPairs(heads, length, length) >= pairs);
            assertTrue(farthest == 0 || new Window(farthest - 1).allowedPairs(heads, length, length) < pairs);
        }
        assertEquals(372, StandardPattern.WINDOW.headMask(0, 8, 2048).bands().get(0).maxDistance() - 1);
    }
}
