package ai.spattention.train.study.analysis;

import ai.spattention.train.study.statistics.Comparison;
import ai.spattention.train.study.statistics.Verdict;

/** What becomes of a claim. */
public enum Outcome {

    /** The study confirms it. */
    HOLDS("✓", "holds"),
    /** The study refutes it. */
    FAILS("✗", "does not hold"),
    /** The study is too small to tell. */
    UNDECIDED("?", "undecided");

    private final String symbol;
    private final String words;

    Outcome(String symbol, String words) {
        this.symbol = symbol;
        this.words = words;
    }

    /**
     * Judges a claim. That an arm is on par is confirmed where it is equal or better; that it is ahead, only where it is better: a lead
     * below the margin is none.
     *
     * @param claim the claim
     * @param comparison its two arms compared
     * @return the outcome
     */
    public static Outcome of(Claim claim, Comparison comparison) {
        Verdict verdict = comparison.verdict();
        if (verdict == Verdict.UNDECIDED) {
            return UNDECIDED;
        }
        return verdict == Verdict.BETTER || claim.isParity() && verdict == Verdict.EQUAL ? HOLDS : FAILS;
    }

    /**
     * A sign for it, which needs no colour.
     *
     * @return one character
     */
    public String symbol() {
        return symbol;
    }

    /**
     * The words for it.
     *
     * @return in lower case
     */
    public String words() {
        return words;
    }
}
