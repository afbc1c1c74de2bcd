package ai.spattention.train.config;

/**
 * What is kept to resume from.
 *
 * @param everySteps steps between two checkpoints, at least 0; 0, the default, for one at the end only
 * @param keepLast how many of the newest checkpoints stay, at least 1; default 2
 * @param keepEverySteps checkpoints of steps that this divides stay as well, a multiple of everySteps; 0, the default, for
 *     none
 */
public record CheckpointConfig(int everySteps, int keepLast, int keepEverySteps) implements Section {

    /**
     * Checks the values.
     *
     * @throws ai.spattention.common.InvalidInputException if a value is out of range
     */
    public CheckpointConfig {
        Require.atLeast("checkpoint.every_steps", everySteps, 0);
        Require.atLeast("checkpoint.keep_last", keepLast, 1);
        Require.atLeast("checkpoint.keep_every_steps", keepEverySteps, 0);
        if (keepEverySteps > 0 && (everySteps == 0 || keepEverySteps % everySteps != 0)) {
            throw new InvalidKeyException("checkpoint.keep_every_steps must be 0 or a multiple of checkpoint.every_steps (got "
                    + keepEverySteps + " and " + everySteps + ")",
                    "checkpoint.keep_every_steps", "checkpoint.every_steps");
        }
    }
}
