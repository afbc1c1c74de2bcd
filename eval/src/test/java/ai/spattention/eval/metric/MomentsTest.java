package ai.spattention.eval.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MomentsTest {

    @Test
    void meanVarianceAndErrorAreTheSamples() {
        Moments moments = Moments.of(1, 2, 4, 9);
        assertEquals(new Moments(4, 16, 102), moments);
        assertEquals(4, moments.mean());
        assertEquals(38 / 3.0, moments.variance(), 1e-12); // squares of -3, -2, 0, 5
        assertEquals(Math.sqrt(38 / 12.0), moments.standardError(), 1e-12);
        assertEquals(Statistics.mean(1, 2, 4, 9).standardError(), moments.standardError(), 1e-12);
    }

    @Test
    void partsAddUpToTheWhole() {
        double[] values = new Random(3).doubles(1000).toArray();
        Moments parts = Moments.NONE;
        for (int first = 0; first < values.length; first += 300) {
            parts = parts.plus(Moments.of(Arrays.copyOfRange(values, first, Math.min(first + 300, values.length))));
        }
        Moments whole = Moments.of(values);
        assertEquals(whole.n(), parts.n());
        assertEquals(whole.sum(), parts.sum(), 1e-10);
        assertEquals(whole.variance(), parts.variance(), 1e-12);
    }

    @Test
    void aFactorChangesTheUnit() {
        assertEquals(Moments.of(2, -6), Moments.of(1, -3).times(2));
    }

    @Test
    void withoutValuesNothingIsKnown() {
        assertEquals(Double.NaN, Moments.NONE.mean());
        assertEquals(Double.NaN, Moments.NONE.variance());
        assertEquals(Double.NaN, Moments.of(7).variance());
        assertEquals(Double.NaN, Moments.of(7).standardError());
        assertEquals(7, Moments.of(7).mean());
    }

    /** The difference of large sums must not turn negative. */
    @Test
    void equalValuesHaveNoVariance() {
        double[] values = new double[1000];
        Arrays.fill(values, 12345.678901);
        assertEquals(0, Moments.of(values).variance(), 1e-4);
        assertEquals(Moments.of(values).variance(), Math.abs(Moments.of(values).variance()));
    }
}
