package ai.spattention.train.study.statistics;

/**
 * The F test over all arms: whether they differ at all.
 *
 * @param ratio F; infinite where arms differ and nothing is left to chance
 * @param numerator P - 1
 * @param denominator (P - 1)(S - 1)
 * @param p the probability of such a ratio, or a larger one, if the arms are alike
 */
public record ArmTest(double ratio, int numerator, int denominator, double p) {}
