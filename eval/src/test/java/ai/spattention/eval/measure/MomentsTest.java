package ai.spattention.eval.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class MomentsTest {

    @Test
    void meanVarianceAndErrorAreThoseOfTheNumbers() {
        // R: x <- c(2, 4, 4, 4, 5, 5, 7, 9); mean(x) 5, var(x) 4.571429, sqrt(var(x)/8) 0.7559289
        Moments moments = Moments.of(2, 4, 4, 4, 5, 5, 7, 9);
        assertEquals(5, moments.mean());
        assertEquals(32.0 / 7, moments.variance(), 1e-12);
        assertEquals(0.7559289, moments.standardError(), 1e-7);
    }

    @Test
    void partsAddUpToTheWhole() {
        assertEquals(Moments.of(1, 2.5, -3), Moments.of(1).plus(Moments.NONE).plus(Moments.of(2.5, -3)));
    }

    @Test
    void aVarianceIsNeverNegative() {
        assertEquals(0, new Moments(3, 0.3, 0.03 - 1e-17).variance(), 1e-15);
        assertEquals(0, Moments.of(0.1, 0.1, 0.1).variance(), 1e-15);
    }

    @Test
    void whatCannotBeSaidIsRefused() {
        assertThrows(IllegalStateException.class, Moments.NONE::mean);
        assertThrows(IllegalStateException.class, Moments.of(1)::variance);
        assertThrows(IllegalArgumentException.class, () -> new Moments(-1, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> new Moments(0, 1, 1));
        assertThrows(IllegalArgumentException.class, () -> new Moments(1, 1, -1));
        assertFalse(Moments.of(Double.NaN).isFinite());
    }

    @Test
    void aBinAddsItsWindowsUpAndKeepsTheirMeans() {
        Bin bin = Bin.of("0 to 63", 0, 64, List.of(Moments.of(1, 2), Moments.NONE, Moments.of(1.0 / 3)));
        assertEquals(Moments.of(1, 2, 1.0 / 3), bin.moments());
        assertEquals(new WindowMeans(List.of(2L, 0L, 1L), List.of(1.5, 0.0, 0.33333)), bin.windows());
        assertThrows(IllegalArgumentException.class, () -> new WindowMeans(List.of(1L), List.of()));
        assertThrows(IllegalArgumentException.class, () -> new Bin("b", 2, 1, Moments.NONE, WindowMeans.NONE));
    }
}
