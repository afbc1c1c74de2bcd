package ai.spattention.train.data;

import ai.spattention.InvalidInputException;
import java.util.List;

/**
 * What decides which ids are written where.
 *
 * @param inputs files, folders and patterns
 * @param field the field of a JSON line, or the column of a Parquet file, that holds the text
 * @param validationFraction the fraction of the documents that are held out, in [0, 1)
 * @param seed of the order of the documents
 * @param shardTokens the most tokens of a shard, at least 1
 */
public record PreparationSettings(List<String> inputs, String field, double validationFraction, long seed, long shardTokens) {

    /** Unless told otherwise: the field, the fraction, and shards of 512 MiB with ids of two bytes. */
    public static final String DEFAULT_FIELD = "text";
    /** See {@link #DEFAULT_FIELD}. */
    public static final double DEFAULT_VALIDATION_FRACTION = 0.01;
    /** See {@link #DEFAULT_FIELD}. */
    public static final long DEFAULT_SHARD_TOKENS = 1L << 28;

    /**
     * Checks the values.
     *
     * @throws InvalidInputException if one is out of range
     */
    public PreparationSettings {
        inputs = List.copyOf(inputs);
        if (inputs.isEmpty()) {
            throw new InvalidInputException("an input is missing: name files, folders or patterns");
        }
        if (field.isEmpty()) {
            throw new InvalidInputException("--field must not be empty: name the field that holds the text");
        }
        if (!(validationFraction >= 0 && validationFraction < 1)) {
            throw new InvalidInputException("--validation-fraction must be at least 0 and less than 1 (got "
                    + validationFraction + ")");
        }
        if (shardTokens < 1) {
            throw new InvalidInputException("--shard-tokens must be at least 1 (got " + shardTokens + ")");
        }
    }
}
