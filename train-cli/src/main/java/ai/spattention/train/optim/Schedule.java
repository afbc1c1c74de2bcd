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
        return step -> step < warmupSteps ? peak * step / warmupSteps : peak;
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
        return step -> {
            if (step < warmupSteps) {
                return peak * step / warmupSteps;
            }
            double progress = Math.min(1, (step - warmupSteps) / (double) Math.max(1, totalSteps - warmupSteps));
            return peak * (minRatio + (1 - minRatio) * (1 + Math.cos(Math.PI * progress)) / 2);
        };
    }
}
