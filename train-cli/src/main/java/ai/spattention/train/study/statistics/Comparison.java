package ai.spattention.train.study.statistics;

import java.util.ArrayList;
import java.util.List;

/**
 * Two arms compared, and what that says. <b>Equal</b> comes first: the 90% interval of the difference lies within the margin (two one-sided
 * tests at 5%, Schuirmann 1987), be the difference different from 0 or not, for the margin was declared as what does not matter; or the
 * two arms' values are the same to the last digit with every seed, two or more: they compute the same, whatever others scatter. Else
 * <b>better</b> or <b>worse</b> where the p value, corrected by Holm for the comparisons that were asked together, is below 5%. Else
 * <b>undecided</b>, as is everything without degrees of freedom.
 *
 * @param difference the difference
 * @param adjustedP its p value after Holm's correction
 * @param margin nats a token that do not matter
 * @param verdict what that says
 */
public record Comparison(Difference difference, double adjustedP, double margin, Verdict verdict) {

    private static final double LEVEL = 0.05;

    /**
     * Two arms to compare.
     *
     * @param arm the arm
     * @param other what it is compared with
     */
    public record Pair(String arm, String other) {}

    /**
     * Compares arms with one of them.
     *
     * @param model the fitted values
     * @param reference the arm to compare with
     * @param margin nats a token that do not matter, above 0
     * @return a comparison for every other arm, corrected for all of them
     */
    public static List<Comparison> withReference(AdditiveModel model, String reference, double margin) {
        return of(model, model.table().arms().stream().filter(arm -> !arm.equals(reference)).map(arm -> new Pair(arm, reference)).toList(),
                margin);
    }

    /**
     * Compares pairs of arms.
     *
     * @param model the fitted values, with all these arms
     * @param pairs what is asked together, and corrected for together
     * @param margin nats a token that do not matter, above 0
     * @return the comparisons in order
     * @throws IllegalArgumentException if the margin is not above 0, an arm is not in the table or no seed is complete
     */
    public static List<Comparison> of(AdditiveModel model, List<Pair> pairs, double margin) {
        if (!(margin > 0)) {
            throw new IllegalArgumentException("the margin must be above 0 nats a token (got " + margin + ")");
        }
        List<Difference> differences = pairs.stream().map(pair -> model.difference(pair.arm(), pair.other())).toList();
        List<Double> adjusted = Holm.adjust(differences.stream().map(Difference::p).toList());
        List<Comparison> comparisons = new ArrayList<>();
        for (int i = 0; i < differences.size(); i++) {
            Verdict verdict = isSame(model.table(), pairs.get(i)) ? Verdict.EQUAL : verdict(differences.get(i), adjusted.get(i), margin);
            comparisons.add(new Comparison(differences.get(i), adjusted.get(i), margin, verdict));
        }
        return comparisons;
    }

    private static boolean isSame(SeedTable table, Pair pair) {
        return table.seeds().size() > 1 && table.values(pair.arm).equals(table.values(pair.other));
    }

    private static Verdict verdict(Difference difference, double adjustedP, double margin) {
        if (difference.interval90().map(interval -> interval.isWithin(margin)).orElse(false)) {
            return Verdict.EQUAL;
        }
        if (adjustedP >= LEVEL) {
            return Verdict.UNDECIDED;
        }
        return difference.estimate() < 0 ? Verdict.BETTER : Verdict.WORSE;
    }

    /**
     * Whether chance alone would seldom give such a difference.
     *
     * @return whether the adjusted p value is below 5%
     */
    public boolean isSignificant() {
        return adjustedP < LEVEL;
    }
}
