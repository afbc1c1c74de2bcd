package ai.spattention.train.optim;

/** The learning rate as a function of the step, with no memory: a resumed run continues where it was. */
@FunctionalInterface
public interface Schedule {

    /**
     * The learning rate of a step.
     *
     * @param step the number of the optimizer's update, from 1 on
     * @return the learning rate
     */
    double learningRate(long step);

    /**
     * A constant rate after a linear warm-up from 0.
     *
     * @param peak the rate after the warm-up
     * @param warmupSteps the steps of the warm-up, 0 for none
     * @return the schedule
     */
    static Schedule constant(double peak, long warmupSteps) {
        return afterWarmup(peak, warmupSteps, step -> peak);
    }

    /**
     * A linear warm-up from 0, then half a cosine wave (arXiv 1608.03983) down to a share of the peak, which stays.
     *
     * @param peak the rate after the warm-up
     * @param warmupSteps the steps of the warm-up, 0 for none
     * @param totalSteps the step at which the rate has come down
     * @param minRatio the final rate as a share of the peak
     * @return the schedule
     */
    static Schedule warmupCosine(double peak, long warmupSteps, long totalSteps, double minRatio) {
        return afterWarmup(peak, warmupSteps, step -> {
            double progress = progress(step, warmupSteps, totalSteps);
            return peak * (minRatio + (1 - minRatio) * (1 + Math.cos(Math.PI * progress)) / 2);
        });
    }

    /**
     * A linear warm-up from 0, then a line down to a share of the peak, which stays.
     *
     * @param peak the rate after the warm-up
     * @param warmupSteps the steps of the warm-up, 0 for none
     * @param totalSteps the step at which the rate has come down
     * @param minRatio the final rate as a share of the peak
     * @return the schedule
     */
    static Schedule linear(double peak, long warmupSteps, long totalSteps, double minRatio) {
        return warmupStableDecay(peak, warmupSteps, totalSteps - warmupSteps, totalSteps, minRatio);
    }

    /**
     * A linear warm-up from 0, the peak for most of the run, then a line down to a share of the peak, which stays ("WSD",
     * arXiv 2404.06395).
     *
     * @param peak the rate after the warm-up
     * @param warmupSteps the steps of the warm-up, 0 for none
     * @param decaySteps the steps of the last line; with the warm-up at most totalSteps
     * @param totalSteps the step at which the rate has come down
     * @param minRatio the final rate as a share of the peak
     * @return the schedule
     */
    static Schedule warmupStableDecay(double peak, long warmupSteps, long decaySteps, long totalSteps, double minRatio) {
        return afterWarmup(peak, warmupSteps,
                step -> peak * (1 - (1 - minRatio) * progress(step, totalSteps - decaySteps, totalSteps)));
    }

    private static Schedule afterWarmup(double peak, long warmupSteps, Schedule rest) {
        return step -> step < warmupSteps ? peak * step / warmupSteps : rest.learningRate(step);
    }

    /** How far a step is from a start (0) to an end (1). */
    private static double progress(long step, long start, long end) {
        return Math.max(0, Math.min(1, (step - start) / (double) Math.max(1, end - start)));
    }
}
