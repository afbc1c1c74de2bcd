package ai.spattention.train.config;

/**
 * The learning rate over the steps. A YAML file may give the lengths in tokens instead, as {@code warmup_tokens} and {@code
 * decay_tokens}: they become whole steps, rounded up, when it is read.
 *
 * @param type the shape; default {@code warmup-cosine}
 * @param warmupSteps steps over which the rate rises in a line from 0 to its peak, at least 0, at most the run's steps;
 *     default 0
 * @param decaySteps the last steps, over which {@code wsd} falls in a line, at least 1 for {@code wsd}, with the warm-up at
 *     most the run's steps; default 0; without effect on the other types
 * @param minLrRatio the last rate as a fraction of the peak, in [0, 1]; default 0.1; without effect on {@code constant}
 */
public record ScheduleConfig(ScheduleType type, int warmupSteps, int decaySteps, double minLrRatio) implements Section {

    /**
     * Checks the values.
     *
     * @throws ai.spattention.common.InvalidInputException if a value is out of range
     */
    public ScheduleConfig {
        Require.atLeast("schedule.warmup_steps", warmupSteps, 0);
        Require.atLeast("schedule.decay_steps", decaySteps, 0);
        if (type == ScheduleType.WSD && decaySteps == 0) {
            throw new InvalidKeyException("schedule.decay_steps must be at least 1 for schedule.type wsd (got 0):"
                    + " say how many of the last steps fall, or choose constant", "schedule.decay_steps", "schedule.type");
        }
        Require.that(minLrRatio >= 0 && minLrRatio <= 1, "schedule.min_lr_ratio", "must lie in [0, 1]", minLrRatio);
    }
}
