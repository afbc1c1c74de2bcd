package ai.spattention.train.config;

/**
 * The loss on held-out text.
 *
 * @param everySteps steps between two measurements, at least 0; 0, the default, for one at the end only
 * @param sequences the most sequences that one measurement reads, at least 1; default 64
 */
public record ValidationConfig(int everySteps, int sequences) implements Section {

    /**
     * Checks the values.
     *
     * @throws ai.spattention.InvalidInputException if a value is out of range
     */
    public ValidationConfig {
        Require.atLeast("validation.every_steps", everySteps, 0);
        Require.atLeast("validation.sequences", sequences, 1);
    }
}
