package ai.spattention.train.config;

/**
 * The text that is learnt from.
 *
 * @param path the folder that {@code prepare} wrote; empty where the command fills it in, the default
 * @param sequenceLength N, tokens of a training sequence, at least 2
 * @param documentMask whether attention stops at the boundary between documents packed into one sequence; default false
 */
public record DataConfig(String path, int sequenceLength, boolean documentMask) implements Section {

    /**
     * Checks the values.
     *
     * @throws ai.spattention.InvalidInputException if a value is out of range
     */
    public DataConfig {
        Require.that(path.indexOf('\0') < 0, "data.path", "must not contain a zero character", path);
        Require.atLeast("data.sequence_length", sequenceLength, 2);
    }
}
