package ai.spattention.train.config;

/**
 * The text that is learnt from.
 *
 * @param path the folder that {@code prepare} wrote; empty where the command fills it in, the default
 * @param validationPath folders of prepared data to measure the model with; none, the default, for the data's own held-out sets
 * @param seed the seed of the order of the data, at least 0; default the run's. The model's initial weights depend on the run's alone
 * @param sequenceLength N, tokens of a training sequence, at least 2
 * @param documentMask whether attention stops at the boundary between documents packed into one sequence; default false
 */
public record DataConfig(String path, ValidationFolders validationPath, long seed, int sequenceLength, boolean documentMask)
        implements Section {

    /**
     * Checks the values.
     *
     * @throws ai.spattention.common.InvalidInputException if a value is out of range
     */
    public DataConfig {
        Require.that(path.indexOf('\0') < 0, "data.path", "must not contain a zero character", path);
        Require.atLeast("data.sequence_length", sequenceLength, 2);
    }
}
