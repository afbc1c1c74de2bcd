package ai.spattention.train.config;

import ai.spattention.olmoe.keys.InvalidKeyException;
import ai.spattention.olmoe.keys.Key;
import ai.spattention.olmoe.keys.Range;
import ai.spattention.olmoe.keys.RecordKeys;

/**
 * The learning rate over the steps. A YAML file may give the lengths in tokens instead, as {@code warmup_tokens} and {@code
 * decay_tokens}: they become whole steps, rounded up, when it is read.
 */
public record ScheduleConfig(
        @Key(meaning = "shape: warmup-cosine, linear, wsd (warm-up, stable, decay) or constant", defaultValue = "warmup-cosine")
        ScheduleType type,
        @Key(meaning = "steps over which the rate rises in a line from 0 to its peak", unit = "steps", defaultValue = "0",
                allowed = "at least 0, at most training.steps")
        @Range(min = 0) int warmupSteps,
        @Key(meaning = "the last steps, over which wsd falls in a line; without effect on the other types", unit = "steps",
                defaultValue = "0", allowed = "at least 0, at least 1 for wsd, with the warm-up at most training.steps")
        @Range(min = 0) int decaySteps,
        @Key(meaning = "last rate as a fraction of the peak; without effect on constant", defaultValue = "0.1")
        @Range(min = 0, max = 1) double minLrRatio) {

    private static final RecordKeys<ScheduleConfig> KEYS = RecordKeys.of(ScheduleConfig.class);

    /**
     * Checks the values.
     *
     * @throws InvalidKeyException if a value is out of range
     */
    public ScheduleConfig {
        KEYS.check("schedule", type, warmupSteps, decaySteps, minLrRatio);
        if (type == ScheduleType.WSD && decaySteps == 0) {
            throw new InvalidKeyException("schedule.decay_steps must be at least 1 for schedule.type wsd (got 0):"
                    + " say how many of the last steps fall, or choose constant", "schedule.decay_steps", "schedule.type");
        }
    }
}
