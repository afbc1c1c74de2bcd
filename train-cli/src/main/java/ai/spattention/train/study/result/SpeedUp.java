package ai.spattention.train.study.result;

/**
 * How much faster whole training steps of an arm are than the reference's, measured by {@code bench step} and not in the study's runs,
 * which share their device with whatever else there is.
 *
 * @param arm the arm
 * @param factor the reference's time a step over the arm's; above 1 where the arm is faster
 * @param source where it was measured: device, lengths, precision
 */
public record SpeedUp(String arm, double factor, String source) {

    /**
     * Checks the factor.
     *
     * @throws IllegalArgumentException if it is not a positive number
     */
    public SpeedUp {
        if (!(factor > 0) || Double.isInfinite(factor)) {
            throw new IllegalArgumentException("arm '" + arm + "' cannot be " + factor + " times as fast");
        }
    }
}
