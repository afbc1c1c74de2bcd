package ai.spattention.train.config;

import ai.spattention.olmoe.keys.InvalidKeyException;
import ai.spattention.olmoe.keys.Key;
import ai.spattention.olmoe.keys.Range;
import ai.spattention.olmoe.keys.RecordKeys;

/** The text that is learnt from. */
public record DataConfig(
        @Key(meaning = "folder that prepare wrote; empty where the command fills it in", defaultValue = "\"\"") String path,
        @Key(meaning = "folders of prepared data to measure the model with; empty for the data's own held-out sets",
                defaultValue = "\"\"") ValidationFolders validationPath,
        @Key(meaning = "seed of the order of the data; the model's initial weights depend on the run's alone",
                allowed = "at least 0") long seed,
        @Key(meaning = "length of a training sequence, N", unit = "tokens")
        @Range(min = 2) int sequenceLength,
        @Key(meaning = "whether attention stops at the boundary between documents packed into one sequence", defaultValue = "false")
        boolean documentMask) {

    private static final RecordKeys<DataConfig> KEYS = RecordKeys.of(DataConfig.class);

    /**
     * Checks the values.
     *
     * @throws InvalidKeyException if a value is out of range
     */
    public DataConfig {
        Require.that(path.indexOf('\0') < 0, "data.path", "must not contain a zero character", path);
        KEYS.check("data", path, validationPath, seed, sequenceLength, documentMask);
    }
}
