package ai.spattention.train.config;

/**
 * The learning rate over the steps.
 *
 * @param type the shape; default {@code warmup-cosine}
 * @param warmupSteps steps over which the rate rises in a line from 0 to its peak, at least 0, at most the run's steps;
 *     default 0
 * @param minLrRatio the last rate as a fraction of the peak, in [0, 1]; default 0.1; without effect on {@code constant}
 */
public record ScheduleConfig(ScheduleType type, int warmupSteps, double minLrRatio) implements Section {

    /**
     * Checks the values.
     *
     * @throws ai.spattention.InvalidInputException if a value is out of range
     */
    public ScheduleConfig {
        Require.atLeast("schedule.warmup_steps", warmupSteps, 0);
        Require.that(minLrRatio >= 0 && minLrRatio <= 1, "schedule.min_lr_ratio", "must lie in [0, 1]", minLrRatio);
    }
}
