package ai.spattention.train.study.statistics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.apache.commons.statistics.distribution.FDistribution;
import org.apache.commons.statistics.distribution.TDistribution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AdditiveModelTest {

    /** Hardness by four tips on four coupons: Montgomery, Design and Analysis of Experiments, the example of section 4.1. */
    private static final double[][] HARDNESS = {
        {9.3, 9.4, 9.6, 10.0}, {9.4, 9.3, 9.8, 9.9}, {9.2, 9.4, 9.5, 9.7}, {9.7, 9.6, 10.0, 10.2}};

    @ParameterizedTest
    @CsvSource({"0.975, 1, 12.7062", "0.975, 2, 4.302653", "0.975, 10, 2.228139", "0.975, 16, 2.119905", "0.95, 4, 2.131847"})
    void quantilesOfStudentsTAreThoseOfTheTables(double part, int freedom, double quantile) { // R: qt(part, freedom)
        assertEquals(quantile, TDistribution.of(freedom).inverseCumulativeProbability(part), 5e-5);
    }

    @ParameterizedTest
    @CsvSource({"0.95, 3, 10, 3.708265", "0.95, 2, 6, 5.143253", "0.99, 3, 9, 6.991917"})
    void quantilesOfFAreThoseOfTheTables(double part, int numerator, int denominator, double quantile) { // R: qf(part, ...)
        assertEquals(quantile, FDistribution.of(numerator, denominator).inverseCumulativeProbability(part), 5e-6);
    }

    @Test
    void theTestOverArmsIsThatOfTheBook() {
        AdditiveModel model = AdditiveModel.fit(Tables.of(HARDNESS));
        ArmTest test = model.armTest().orElseThrow();
        assertEquals(14.44, test.ratio(), 0.005);
        assertEquals(0.0009, test.p(), 5e-5);
        assertEquals(0.0008712720711, test.p(), 1e-12); // scipy 1.17: f.sf(14.4375, 3, 9)
        assertEquals(3, test.numerator());
        assertEquals(9, test.denominator());
        assertEquals(0.08, Math.pow(model.errorDeviation().orElseThrow(), 2) * 9, 1e-12); // the book's sum of squares of errors
    }

    @Test
    void differencesAreThoseThatScipyGives() {
        AdditiveModel model = AdditiveModel.fit(Tables.of(HARDNESS));
        Difference difference = model.difference("a3", "a0"); // numpy and scipy 1.17 on the same table, by the formulas
        assertEquals(0.3, difference.estimate(), 1e-12);
        assertEquals(0.0666666667, difference.standardError().orElseThrow(), 1e-9);
        assertEquals(9, difference.degreesOfFreedom());
        assertEquals(0.1491895225, difference.interval95().orElseThrow().low(), 1e-9);
        assertEquals(0.4508104775, difference.interval95().orElseThrow().high(), 1e-9);
        assertEquals(0.1777924712, difference.interval90().orElseThrow().low(), 1e-9);
        assertEquals(0.4222075288, difference.interval90().orElseThrow().high(), 1e-9);
        assertEquals(0.001488949415, difference.p(), 1e-11);
        assertEquals(-0.3, model.difference("a0", "a3").estimate(), 1e-12);
    }

    @Test
    void whatThreeSeedsCanFindIsWhatTheStudyWasPlannedWith() {
        double[][] nine = new double[9][3];
        for (int arm = 0; arm < 9; arm++) {
            for (int seed = 0; seed < 3; seed++) {
                nine[arm][seed] = Math.sin(arm * 3 + seed);
            }
        }
        AdditiveModel model = AdditiveModel.fit(Tables.of(nine));
        double ratio = model.detectable(3).orElseThrow() / model.errorDeviation().orElseThrow();
        assertEquals(2.4368930793, ratio, 1e-9); // scipy 1.17: sqrt(2/3) (t.ppf(.975, 16) + t.ppf(.8, 16))
    }

    @Test
    void aSeedsOwnLevelChangesNothing() {
        double[][] shifted = new double[4][4];
        for (int arm = 0; arm < 4; arm++) {
            for (int seed = 0; seed < 4; seed++) {
                shifted[arm][seed] = HARDNESS[arm][seed] + 10 * seed;
            }
        }
        Difference plain = AdditiveModel.fit(Tables.of(HARDNESS)).difference("a2", "a0");
        Difference other = AdditiveModel.fit(Tables.of(shifted)).difference("a2", "a0");
        assertEquals(plain.estimate(), other.estimate(), 1e-12);
        assertEquals(plain.standardError().orElseThrow(), other.standardError().orElseThrow(), 1e-12);
    }

    @Test
    void likeArmsDifferByExactlyNothing() {
        double[] arm = {3.3, 3.1, 3.7};
        AdditiveModel two = AdditiveModel.fit(Tables.of(arm, arm));
        assertEquals(0, two.errorDeviation().orElseThrow());
        assertEquals(0, two.difference("a1", "a0").estimate());
        assertEquals(1, two.difference("a1", "a0").p());
        assertEquals(new Interval(0, 0), two.difference("a1", "a0").interval95().orElseThrow());
        assertEquals(new ArmTest(0, 1, 2, 1), two.armTest().orElseThrow());
        AdditiveModel three = AdditiveModel.fit(Tables.of(arm, arm, arm));
        assertEquals(0, three.errorDeviation().orElseThrow());
        assertEquals(0, three.difference("a2", "a1").estimate());
    }

    @Test
    void armsThatDifferByTheSameInEverySeedLeaveNothingToChance() {
        AdditiveModel model = AdditiveModel.fit(Tables.of(new double[] {1, 2, 4}, new double[] {1.5, 2.5, 4.5}));
        assertEquals(0, model.difference("a1", "a0").p());
        assertEquals(new Interval(0.5, 0.5), model.difference("a1", "a0").interval90().orElseThrow());
        assertEquals(new ArmTest(Double.POSITIVE_INFINITY, 1, 2, 0), model.armTest().orElseThrow());
    }

    @Test
    void oneSeedGivesADifferenceAndNoError() {
        AdditiveModel model = AdditiveModel.fit(Tables.of(new double[] {3}, new double[] {3.5}));
        Difference difference = model.difference("a1", "a0");
        assertEquals(0.5, difference.estimate());
        assertEquals(0, difference.degreesOfFreedom());
        assertTrue(difference.standardError().isEmpty() && difference.interval95().isEmpty() && difference.interval90().isEmpty());
        assertEquals(1, difference.p());
        assertTrue(model.armTest().isEmpty() && model.errorDeviation().isEmpty() && model.detectable(3).isEmpty());
    }

    @Test
    void twoSeedsHaveOneDegreeOfFreedomForEachArmButTheFirst() {
        AdditiveModel model = AdditiveModel.fit(Tables.of(new double[] {1, 2}, new double[] {1.1, 2.3}));
        Difference difference = model.difference("a1", "a0");
        assertEquals(1, difference.degreesOfFreedom());
        assertEquals(0.2, difference.estimate(), 1e-12);
        assertEquals(0.1, difference.standardError().orElseThrow(), 1e-12); // the paired t test's: deviation 0.1414 of 2 differences
        assertEquals(0.2 + 0.1 * 12.7062047, difference.interval95().orElseThrow().high(), 1e-6);
    }

    @Test
    void aTableWithHolesUsesCompleteSeedsAndSaysWhichItDidNot() {
        SeedTable table = SeedTable.of(List.of("a", "b", "c"), Map.of("a", Map.of(1L, 1.0, 2L, 2.0, 3L, 3.0), "b", Map.of(1L, 1.0, 3L, 4.0)));
        assertEquals(List.of("a", "b"), table.arms());
        assertEquals(List.of(1L, 3L), table.seeds());
        assertEquals(List.of(2L), table.leftOut());
        assertEquals(List.of("c"), table.missing());
        assertEquals(0.5, AdditiveModel.fit(table).difference("b", "a").estimate());
        assertThrows(IllegalArgumentException.class, () -> AdditiveModel.fit(table).difference("c", "a"));
    }

    @Test
    void withoutACompleteSeedNothingIsCompared() {
        SeedTable table = SeedTable.of(List.of("a", "b"), Map.of("a", Map.of(1L, 1.0), "b", Map.of(2L, 1.0)));
        assertEquals(List.of(), table.seeds());
        assertEquals(List.of(1L, 2L), table.leftOut());
        assertEquals(0, AdditiveModel.fit(table).degreesOfFreedom());
        assertThrows(IllegalArgumentException.class, () -> AdditiveModel.fit(table).difference("b", "a"));
        assertThrows(IllegalArgumentException.class, () -> SeedTable.of(List.of("a"), Map.of("a", Map.of(1L, Double.NaN))));
    }
}
