package ai.spattention.train.config;

import ai.spattention.olmoe.keys.InvalidKeyException;
import ai.spattention.olmoe.keys.Key;
import ai.spattention.olmoe.keys.Range;
import ai.spattention.olmoe.keys.RecordKeys;

/** What is kept to resume from. */
public record CheckpointConfig(
        @Key(meaning = "steps between two checkpoints; 0 for one at the end only", unit = "steps", defaultValue = "0")
        @Range(min = 0) int everySteps,
        @Key(meaning = "how many of the newest checkpoints stay", unit = "checkpoints", defaultValue = "2")
        @Range(min = 1) int keepLast,
        @Key(meaning = "checkpoints of steps that this divides stay as well; 0 for none", unit = "steps", defaultValue = "0",
                allowed = "a multiple of checkpoint.every_steps, or 0")
        @Range(min = 0) int keepEverySteps,
        @Key(meaning = "write checkpoints behind training, which waits for a copy in the processor's memory only; that of the last step"
                + " is waited for", defaultValue = "false") boolean asynchronous) {

    private static final RecordKeys<CheckpointConfig> KEYS = RecordKeys.of(CheckpointConfig.class);

    /**
     * Checks the values.
     *
     * @throws InvalidKeyException if a value is out of range
     */
    public CheckpointConfig {
        KEYS.check("checkpoint", everySteps, keepLast, keepEverySteps, asynchronous);
        if (keepEverySteps > 0 && (everySteps == 0 || keepEverySteps % everySteps != 0)) {
            throw new InvalidKeyException("checkpoint.keep_every_steps must be 0 or a multiple of checkpoint.every_steps (got "
                    + keepEverySteps + " and " + everySteps + ")",
                    "checkpoint.keep_every_steps", "checkpoint.every_steps");
        }
    }
}
