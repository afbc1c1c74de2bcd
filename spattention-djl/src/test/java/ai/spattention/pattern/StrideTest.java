package ai.spattention.pattern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StrideTest {

    @Test
    void holdsTheDistancesOfItsResidues() {
        Stride stride = new Stride(5, List.of(0, 3));
        assertEquals(List.of(0, 3, 5, 8, 10, 13), IntStream.range(0, 15).filter(stride::contains).boxed().toList());
        assertFalse(stride.isEmpty());
    }

    @Test
    void noneHoldsNothing() {
        assertTrue(Stride.NONE.isEmpty());
        assertEquals(0, IntStream.range(0, 10).filter(Stride.NONE::contains).count());
    }

    @Test
    void endsBeforeItsBound() {
        Stride stride = new Stride(3, List.of(1, 2), 8);
        assertEquals(List.of(1, 2, 4, 5, 7), IntStream.range(0, 15).filter(stride::contains).boxed().toList());
        assertTrue(stride.isBounded());
        assertFalse(stride.isEmpty());
        assertTrue(new Stride(3, List.of(1, 2), 1).isEmpty());
        assertFalse(new Stride(3, List.of(1)).isBounded());
        assertEquals("a stride's maxDistance must not be negative (got -1)",
                assertThrows(InvalidInputException.class, () -> new Stride(1, List.of(), -1)).getMessage());
    }

    @Test
    void keepsItsOwnCopyOfTheResidues() {
        List<Integer> residues = new ArrayList<>(List.of(1));
        Stride stride = new Stride(4, residues);
        residues.set(0, 2);
        assertTrue(stride.contains(5));
    }

    @Test
    void refusesResiduesOutOfOrderOrRange() {
        for (List<Integer> residues : List.of(List.of(2, 1), List.of(1, 1), List.of(4), List.of(-1))) {
            assertEquals("a stride's residues must ascend within [0, 4) (got " + residues + ")",
                    assertThrows(InvalidInputException.class, () -> new Stride(4, residues)).getMessage());
        }
    }

    @Test
    void refusesAPeriodOfNothing() {
        assertEquals("a stride's period must be at least 1 (got 0)",
                assertThrows(InvalidInputException.class, () -> new Stride(0, List.of())).getMessage());
    }
}
