package ai.spattention.train.study.statistics;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A thousand studies of arms whose differences are known. */
class SimulatedStudiesTest {

    private static final int STUDIES = 1000;
    private static final int ARMS = 9;
    private static final int SEEDS = 3;
    private static final double DEVIATION = 0.005;

    private static List<List<Comparison>> studies(double margin, int seeds, double... effects) {
        Random random = new Random(20_261_128);
        return IntStream.range(0, STUDIES).mapToObj(study -> {
            double[][] table = new double[effects.length][seeds];
            for (int seed = 0; seed < seeds; seed++) {
                double level = 3.5 + 0.02 * random.nextGaussian();
                for (int arm = 0; arm < effects.length; arm++) {
                    table[arm][seed] = level + effects[arm] + DEVIATION * random.nextGaussian();
                }
            }
            return Tables.compare(margin, table);
        }).toList();
    }

    private static double share(List<List<Comparison>> studies, int arm, Verdict verdict) {
        return studies.stream().filter(study -> study.get(arm - 1).verdict() == verdict).count() / (double) STUDIES;
    }

    private static double coverage(List<List<Comparison>> studies, double... effects) {
        List<Boolean> covered = new ArrayList<>();
        studies.forEach(study -> IntStream.range(1, effects.length).forEach(arm -> covered.add(
                study.get(arm - 1).difference().interval95().orElseThrow().contains(effects[arm] - effects[0]))));
        return covered.stream().filter(each -> each).count() / (double) covered.size();
    }

    private static void requireBetween(double low, double high, double share) {
        assertTrue(low <= share && share <= high, share + " is not between " + low + " and " + high);
    }

    @Test
    void intervalsOfLikeArmsHoldAndFewAreCalledDifferent() {
        double[] effects = new double[ARMS];
        List<List<Comparison>> studies = studies(1e-9, SEEDS, effects); // nothing is equal by a margin as small as that
        requireBetween(0.93, 0.97, coverage(studies, effects));
        requireBetween(0, 0.05, studies.stream().filter(study -> study.stream().anyMatch(each -> each.verdict() == Verdict.BETTER)).count()
                / (double) STUDIES);
        requireBetween(0.01, 0.065, studies.stream().filter(study -> study.stream().anyMatch(Comparison::isSignificant)).count()
                / (double) STUDIES); // neither sign, and three deviations of a thousand studies more
    }

    @Test
    void aKnownDifferenceIsFoundWithTheRightInterval() {
        double[] effects = {0, 0.03, -0.03, 0, 0.001, 0, 0.05, 0, 0};
        List<List<Comparison>> studies = studies(0.01, SEEDS, effects);
        requireBetween(0.93, 0.97, coverage(studies, effects));
        requireBetween(0.97, 1, share(studies, 1, Verdict.WORSE));
        requireBetween(0.97, 1, share(studies, 2, Verdict.BETTER));
        requireBetween(0.99, 1, share(studies, 6, Verdict.WORSE));
        requireBetween(0, 0.05, share(studies, 3, Verdict.BETTER) + share(studies, 3, Verdict.WORSE));
    }

    @Test
    void armsAtTheMarginAreSeldomCalledEqual() {
        double[] effects = {0, 0.01, -0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01};
        List<List<Comparison>> studies = studies(0.01, SEEDS, effects);
        requireBetween(0.02, 0.065, share(studies, 1, Verdict.EQUAL));
        requireBetween(0.02, 0.065, share(studies, 2, Verdict.EQUAL));
    }

    @Test
    void twoSeedsAreEnoughForTheErrorsToBeRight() {
        double[] effects = {0, 0.02, 0};
        requireBetween(0.93, 0.97, coverage(studies(0.01, 2, effects), effects));
    }
}
