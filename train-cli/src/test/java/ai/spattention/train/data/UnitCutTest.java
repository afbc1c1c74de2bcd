package ai.spattention.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.util.List;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class UnitCutTest {

    @Test
    void whatFitsIsOneUnit() {
        assertArrayEquals(new int[] {0, 0, 0}, UnitCut.cut(List.of(5L, 3L, 2L), 7, 10));
        assertArrayEquals(new int[] {0}, UnitCut.cut(List.of(50L), 7, 10));
        assertArrayEquals(new int[] {0, 0, 0}, UnitCut.cut(List.of(0L, 0L, 0L), 7, 1));
        assertArrayEquals(new int[] {0, 0}, UnitCut.cut(List.of(1L, Long.MAX_VALUE - 1), 0, Long.MAX_VALUE));
    }

    @Test
    void theSeedDrawsTheOrder() {
        List<Long> sizes = List.of(1L, 1L, 1L, 1L, 1L, 1L, 1L);
        int[] units = UnitCut.cut(sizes, 3, 2);
        SequenceOrder order = new SequenceOrder(7, 3, 0);
        for (int i = 0; i < 7; i++) {
            assertEquals(i / 2, units[(int) order.at(i)]);
        }
    }

    @Property(tries = 200)
    void unitsFollowOneAnotherAndAreFull(@ForAll @Size(min = 1, max = 40) List<@IntRange(min = 0, max = 30) Integer> sizes, @ForAll long seed,
            @ForAll @LongRange(min = 1, max = 50) long unitBytes) {
        int[] units = UnitCut.cut(sizes.stream().map(Integer::longValue).toList(), seed, unitBytes);
        TreeMap<Integer, Long> bytes = new TreeMap<>();
        TreeMap<Integer, Integer> files = new TreeMap<>();
        for (int i = 0; i < units.length; i++) {
            bytes.merge(units[i], (long) sizes.get(i), Long::sum);
            files.merge(units[i], 1, Integer::sum);
        }
        assertEquals(0, bytes.firstKey());
        assertEquals(bytes.size() - 1, bytes.lastKey());
        SequenceOrder order = new SequenceOrder(units.length, seed, 0);
        for (int unit : bytes.keySet()) {
            assertTrue(bytes.get(unit) <= unitBytes || files.get(unit) == 1, () -> unit + " of " + bytes);
        }
        for (int i = 1; i < units.length; i++) {
            int before = units[(int) order.at(i - 1)];
            int unit = units[(int) order.at(i)];
            assertTrue(unit == before || unit == before + 1 && bytes.get(before) + sizes.get((int) order.at(i)) > unitBytes);
        }
    }

    @Test
    void aSizeOfNothingIsRefused() {
        assertEquals("--unit-bytes must be at least 1 (got 0)",
                assertThrows(InvalidInputException.class, () -> UnitCut.cut(List.of(1L), 0, 0)).getMessage());
    }
}
