package ai.spattention.train.study.statistics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ComparisonTest {

    private static final double[] ONE = {9.3, 9.4, 9.6, 10.0};
    private static final double[] TWO = {9.4, 9.3, 9.8, 9.9};
    private static final double[] THREE = {9.2, 9.4, 9.5, 9.7};
    private static final double[] FOUR = {9.7, 9.6, 10.0, 10.2};

    @Test
    void holmsCorrectionIsThatOfR() {
        // R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm"): 0.03 0.06 0.06 0.02
        List<Double> adjusted = Holm.adjust(List.of(0.01, 0.04, 0.03, 0.005));
        List<Double> expected = List.of(0.03, 0.06, 0.06, 0.02);
        for (int i = 0; i < 4; i++) {
            assertEquals(expected.get(i), adjusted.get(i), 1e-12);
        }
        assertEquals(List.of(1.0, 1.0), Holm.adjust(List.of(0.6, 0.9)));
        assertEquals(List.of(), Holm.adjust(List.of()));
    }

    /** The p values of two one-sided tests by scipy 1.17: 0.1448 and 0.0138 for the second arm, 0.0138 for the third at 0.3. */
    @ParameterizedTest
    @CsvSource({"0.1, UNDECIDED, UNDECIDED, WORSE", "0.2, EQUAL, UNDECIDED, WORSE", "0.3, EQUAL, EQUAL, WORSE", "0.5, EQUAL, EQUAL, EQUAL"})
    void equalIsWhatTwoOneSidedTestsCallEqual(double margin, Verdict second, Verdict third, Verdict fourth) {
        List<Comparison> comparisons = Tables.compare(margin, ONE, TWO, THREE, FOUR);
        assertEquals(List.of(second, third, fourth), comparisons.stream().map(Comparison::verdict).toList());
        assertEquals(3 * 0.001488949415, comparisons.get(2).adjustedP(), 1e-11);
        assertTrue(comparisons.get(2).isSignificant(), "equal, though different from 0, at a margin of 0.5");
        assertFalse(comparisons.get(0).isSignificant());
    }

    @Test
    void anArmWithLessLossIsBetter() {
        assertEquals(Verdict.BETTER, Tables.compare(0.1, FOUR, ONE).get(0).verdict());
    }

    @Test
    void likeArmsAreEqualHoweverMuchOthersScatter() {
        assertEquals(List.of(Verdict.EQUAL, Verdict.UNDECIDED), Tables.compare(0.001, ONE, ONE, TWO).stream().map(Comparison::verdict).toList());
        assertEquals(0, Tables.compare(0.001, ONE, ONE, TWO).get(0).difference().estimate());
    }

    @Test
    void likeArmsAreEqualEvenWithoutAnyNoise() {
        Comparison comparison = Tables.compare(0.01, ONE, ONE).get(0);
        assertEquals(0, comparison.difference().estimate());
        assertEquals(Verdict.EQUAL, comparison.verdict());
        assertEquals(1, comparison.adjustedP());
    }

    @Test
    void oneSeedDecidesNothing() {
        assertEquals(Verdict.UNDECIDED, Tables.compare(0.01, new double[] {3}, new double[] {9}).get(0).verdict());
        assertEquals(Verdict.UNDECIDED, Tables.compare(0.01, new double[] {3}, new double[] {3}).get(0).verdict());
    }

    @Test
    void anyTwoArmsCanBeCompared() {
        AdditiveModel model = AdditiveModel.fit(Tables.of(ONE, TWO, THREE, FOUR));
        Comparison comparison = Comparison.of(model, List.of(new Comparison.Pair("a3", "a2")), 0.1).get(0);
        assertEquals(0.425, comparison.difference().estimate(), 1e-12);
        assertEquals(Verdict.WORSE, comparison.verdict());
        assertThrows(IllegalArgumentException.class, () -> Comparison.withReference(model, "a0", 0));
        assertThrows(IllegalArgumentException.class, () -> Comparison.withReference(model, "none", 0.1));
    }
}
