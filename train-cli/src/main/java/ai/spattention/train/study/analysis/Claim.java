package ai.spattention.train.study.analysis;

import java.util.List;

/**
 * Something that was said of two arms, to be tested.
 *
 * @param text the claim
 * @param arm the arm that it is about
 * @param other the arm that it is compared with
 * @param isParity whether the arm is said to be as good, rather than better
 * @param paper the numbers that the claim rests on, with their errors
 */
public record Claim(String text, String arm, String other, boolean isParity, String paper) {

    /**
     * What "Making Every Head Count" (arXiv 2511.09596) says of {@code sp}. Its numbers are differences in average accuracy, of one run
     * each; the errors are one standard error, from the sizes of the test sets (in the ablation, from none exceeding 1.2 of them). The last
     * claim is a control of this project's: that the lead is not a plain window's.
     */
    public static final List<Claim> OF_PAPER = List.of(
            new Claim("sp is on par with dense attention", "sp", "causal", true,
                    "+.0074 ± .012 (0.25B), +.0130 ± .013 (1B), +.0105 ± .018 (8 layers)"),
            ahead("longformer", "Longformer's mask", "+.0081 ± .018 (8 layers)"),
            ahead("reformer", "Reformer's mask", "+.0104 ± .018 (8 layers)"),
            ahead("bigbird", "BigBird's mask", "+.0157 ± .018 (8 layers)"),
            ahead("exclusive", "the exclusive bands alone", "+.0145 ± .012 (ablation)"),
            ahead("gapped", "half bands", "+.0119 ± .012 (ablation)"),
            ahead("local", "the shared window alone", "+.0058 ± .012 (ablation)"),
            new Claim("sp is ahead of a plain window of as many pairs", "sp", "window", false, "not tested in the paper"));

    private static Claim ahead(String other, String name, String paper) {
        return new Claim("sp is ahead of " + name, "sp", other, false, paper);
    }
}
