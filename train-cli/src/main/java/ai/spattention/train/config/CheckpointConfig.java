package ai.spattention.train.config;

/**
 * What is kept to resume from.
 *
 * @param everySteps steps between two checkpoints, at least 0; 0, the default, for one at the end only
 * @param keepLast how many of the newest checkpoints stay, at least 1; default 2
 */
public record CheckpointConfig(int everySteps, int keepLast) implements Section {

    /**
     * Checks the values.
     *
     * @throws ai.spattention.InvalidInputException if a value is out of range
     */
    public CheckpointConfig {
        Require.atLeast("checkpoint.every_steps", everySteps, 0);
        Require.atLeast("checkpoint.keep_last", keepLast, 1);
    }
}
